"""Where the id of a namespace's state is kept apart from it: ``$STATE_DIRECTORY``, and databases of entries."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Protocol

from beatd.config.settings import Settings
from beatd.config.urls import named_tables
from beatd.errors import StoreError
from beatd.rowports import Known

BUSY_SECONDS = 2.0
"""How long a lock in a database is waited for."""


class Place(Protocol):
    """A place in which an id is kept; ``where`` is what messages call it. Every call may raise BeatdError."""

    where: str

    def look(self) -> Known:
        """Return what is known here."""

    def keep(self, state_id: str, former: str | None) -> str | None:
        """Keep an id where ``former`` is the one that is known, or none is; return what is known then."""


class StateFile:
    """The file ``NAMESPACE.installation``."""

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self._path = path

    def look(self) -> Known:
        """Return what is known here."""
        try:
            return Known(self._path.read_text(encoding="ascii").strip() or None)
        except FileNotFoundError:
            return Known(None)
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"{self.where} cannot be read: {getattr(error, 'strerror', error)}") from error

    def keep(self, state_id: str, former: str | None) -> str | None:  # noqa: ARG002  who else writes is this host's
        """Keep an id; return what is known then."""
        try:
            self._path.write_text(f"{state_id}\n", encoding="ascii")
        except OSError as error:
            raise StoreError(f"{self.where} cannot be written: {error.strerror}") from error
        return state_id


@contextmanager
def places(settings: Settings) -> Iterator[list[Place]]:
    """Open all places that these settings name."""
    folder = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    found: list[Place] = [StateFile(Path(folder) / f"{settings.namespace}.installation")] if folder else []
    with ExitStack() as stack:
        for url in named_tables(settings.schedule):
            from beatd.sqlkit.database import open_database
            from beatd.stores.rows import KnownState

            database = stack.enter_context(closing(open_database(url, create=False, busy_seconds=BUSY_SECONDS)))
            found.append(KnownState(database, settings.namespace))
        yield found
