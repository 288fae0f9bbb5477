"""The tables of entries that a scheduler reads, each on a connection and in a thread of its own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from beatd.config.settings import Settings
from beatd.config.urls import named_tables
from beatd.ports import Clock
from beatd.scheduler.tables.exchange import Exchange, Wake
from beatd.scheduler.tables.reader import Reader
from beatd.scheduler.tables.thread import ReaderThread
from beatd.sqlkit.database import Database, open_database
from beatd.wiring.drivers import CLOCK
from beatd.wiring.tables import rows_of

BUSY_SECONDS = 2.0
"""How long a lock in a table is waited for, before it is told and tried again."""


class OpenTables:
    """Readers of the tables among the sources; ``wake`` is readable when one of them has read something."""

    def __init__(self, settings: Settings, *, sees_finish: bool, clock: Clock = CLOCK) -> None:
        self.wake = Wake()
        self._databases: list[Database] = []
        self.readers: list[Reader] = []
        for url in named_tables(settings.schedule):
            self._add(url, settings, clock, sees_finish=sees_finish)
        opened = zip(self.readers, self._databases, strict=True)
        self._threads = [ReaderThread(reader, database.close, clock) for reader, database in opened]

    def start(self) -> None:
        """Begin to read, in threads; until then the readers are this thread's."""
        for database in self._databases:
            database.close()
        for thread in self._threads:
            thread.start()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Let no thread hold a connection, so that a child process inherits none."""
        for database in self._databases:
            database.close()
        with ExitStack() as stack:
            for thread in self._threads:
                stack.enter_context(thread.resting())
            yield

    def close(self) -> None:
        """Stop the threads."""
        for thread in self._threads:
            thread.stop()
        for database in self._databases:
            database.close()
        self.wake.close()

    def _add(self, url: str, settings: Settings, clock: Clock, *, sees_finish: bool) -> None:
        # What is not there is made where it is the broker's own; anywhere else it is more likely a mistake.
        database = open_database(url, create=url == settings.broker, busy_seconds=BUSY_SECONDS)
        rows = rows_of(database, settings, sees_finish=sees_finish)
        self._databases.append(database)
        self.readers.append(Reader(rows, rows, clock, Exchange(self.wake), keep=settings.history_keep))
