"""Entries declared in code: ``@periodic`` and ``app.conf.beat_schedule``."""

from collections.abc import Callable

from beatd.core.entry import Draft
from beatd.errors import BeatdError, BrokerUnavailableError, DefinitionError


class CodeSource:
    """A source that asks a function, which imports the user's code where it does no harm."""

    def __init__(self, name: str, read: Callable[[], list[Draft]]) -> None:
        self.name = name
        self._read = read

    def load(self) -> list[Draft]:
        """Return what the code declares now. Raises DefinitionError where it cannot be imported."""
        try:
            return self._read()
        except BrokerUnavailableError:
            raise
        except BeatdError as error:
            raise DefinitionError(self.name, str(error)) from error

    def changed(self) -> bool:
        """Return False: code is read when the scheduler starts, and again on a reload by signal; never for an edit."""
        return False

    def paths(self) -> list[str]:
        """Return nothing: which files the code came from is not known here."""
        return []
