"""Entries of an existing Celery project: ``conf.beat_schedule`` of its app."""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from beatd.core.entry import Draft
from beatd.errors import BeatdError, BrokerUnavailableError, DefinitionError

_log = logging.getLogger("beatd.scheduler")

Look = tuple[int, int, int, int] | None
_PACKAGE = ("__init__.py", "celery.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something of a project that is not carried over as it stands; ``entry`` None: of the whole project."""

    text: str
    entry: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a project says now: its entries, what is lost of it, the tasks it registers, and the files it came from."""

    drafts: list[Draft]
    notes: list[Note]
    tasks: list[str]
    files: list[str]


class CelerySource:
    """A source that asks a function, which imports the project where it does no harm.

    ``files`` are those that the project may come from, for as long as it could not be read.
    """

    def __init__(self, name: str, read: Callable[[], Reading], *, files: Sequence[str] = ()) -> None:
        self.name = name
        self._read = read
        self._files = list(files)
        self._seen: dict[str, Look] = {}
        self._said: set[Note] = set()

    def load(self) -> list[Draft]:
        """Return what the project declares now, and log what of it is not carried over.

        Raises DefinitionError where it cannot be imported or has no app.
        """
        # Taken before reading: what changes meanwhile then differs from it, and is read again.
        self._seen = _look(self._files)
        try:
            reading = self._read()
        except BrokerUnavailableError:
            raise
        except BeatdError as error:
            raise DefinitionError(self.name, str(error)) from error
        self._files = reading.files
        self._seen = {**_look(self._files), **{file: self._seen[file] for file in self._files if file in self._seen}}
        self._say(reading.notes)
        return reading.drafts

    def changed(self) -> bool:
        """Return whether a module of the project differs from what the last ``load`` found."""
        return _look(self._files) != self._seen

    def paths(self) -> list[str]:
        """Return nothing: a project may have hundreds of modules, and ``changed`` is asked each second anyway."""
        return []

    def _say(self, notes: Sequence[Note]) -> None:
        """Log each note once, and again where it went away and came back."""
        for note in notes:
            if note not in self._said:
                fields = {"action": "not_carried_over"} | ({} if note.entry is None else {"entry": note.entry})
                _log.warning("%s: %s", _subject(self.name, note.entry), note.text, extra=fields)
        self._said = set(notes)


def likely_files(target: str, app_dir: str) -> list[str]:
    """Return the files in which a project that cannot be imported yet may stand."""
    module = Path(app_dir).absolute().joinpath(*target.partition(":")[0].split("."))
    return [f"{module}.py", *(str(folder / file) for folder in (module, module.parent) for file in _PACKAGE)]


def _subject(source: str, entry: str | None) -> str:
    return source if entry is None else f"{source}: entry {entry!r}"


def _look(files: Sequence[str]) -> dict[str, Look]:
    return {file: _look_at(file) for file in files}


def _look_at(file: str) -> Look:
    try:
        found = os.stat(file)  # noqa: PTH116  a quarter of what Path takes, for hundreds of files each second
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size
