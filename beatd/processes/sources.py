"""Notice that the source files of a program under development have changed."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from beatd.processes.watch import FileWatch, Sights

MOST: Final = 2000
"""So many folders are watched at most: each is looked into every second."""

_OTHERS: Final = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages"})


class SourceWatch(FileWatch):
    """Watches the Python files in folders and all that lie in these, and single files; also those that come later."""

    def __init__(self, roots: Sequence[str], *, events: bool = True) -> None:
        super().__init__(roots, suffix=".py", events=events)

    def is_whole(self) -> bool:
        """Return whether there are few enough folders to watch them all."""
        return len(self._places()) < MOST

    def _look(self) -> Sights:
        # Not the folders themselves: those that tasks make and remove are no change of the program.
        return {path: sight for path, sight in super()._look().items() if path.suffix == ".py"}

    def _places(self) -> Sequence[Path]:
        return list(islice((place for root in self._paths for place in _folders(root)), MOST))


def _folders(root: Path) -> Iterator[Path]:
    """Yield a folder and those in it that may hold code of the program's own."""
    yield root
    for folder, names, _ in os.walk(root):
        # Of what is taken away here the walk does not go in.
        names[:] = sorted(name for name in names if _is_ours(folder, name))
        yield from (Path(folder, name) for name in names)


def _is_ours(folder: str, name: str) -> bool:
    # A virtual environment holds this file, whatever its name.
    return not name.startswith(".") and name not in _OTHERS and not Path(folder, name, "pyvenv.cfg").exists()
