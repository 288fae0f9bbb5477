"""Where the source files of the application lie, found without importing any."""

import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder
from pathlib import Path

_INSTALLED = {"site-packages", "dist-packages"}


def source_roots(names: Sequence[str], app_dir: str) -> list[str]:
    """Return ``app_dir``, and the packages and modules that ``-A`` names and that lie elsewhere, in full.

    What was installed is left out: nobody edits it.
    """
    own = Path(app_dir).absolute()
    roots = [own]
    for name in names:
        # Of the outermost package only: to look for a part of it would import it.
        spec = PathFinder.find_spec(name.partition(":")[0].partition(".")[0], [str(own), *sys.path])
        places: Sequence[str | None] = [] if spec is None else spec.submodule_search_locations or [spec.origin]
        found = [Path(place).absolute() for place in places if place is not None]
        roots += [place for place in found if not place.is_relative_to(own) and not _INSTALLED & set(place.parts)]
    return [str(root) for root in dict.fromkeys(roots)]
