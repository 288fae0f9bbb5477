"""Entries declared in code: ``@periodic`` and ``app.conf.beat_schedule``."""

from collections.abc import Callable

from beatd.core.entry import Draft


class CodeSource:
    """A source that asks a function, which imports the user's code where it does no harm."""

    def __init__(self, name: str, read: Callable[[], list[Draft]]) -> None:
        self.name = name
        self._read = read

    def load(self) -> list[Draft]:
        """Return what the code declares now. Raises AppImportError."""
        return self._read()

    def changed(self) -> bool:
        """Return False: code is read again on a reload by signal, or when the scheduler starts."""
        return False

    def paths(self) -> list[str]:
        """Return nothing: which files the code came from is not known here."""
        return []
