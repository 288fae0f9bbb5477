"""An SQLite file, or a database in memory."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, StaticPool

from beatd.core.rows.columns import EDITABLE
from beatd.errors import BeatdError, StoreError
from beatd.ports import Clock
from beatd.sqlkit import migrate, place, triggers
from beatd.sqlkit.database import BUSY_SECONDS, Alone, Database
from beatd.sqlkit.dialect import OLDEST_SQLITE
from beatd.sqlkit.failures import is_busy, translated
from beatd.sqlkit.limits import metadata
from beatd.sqlkit.watch import Watch

_WAL_TRIES = 100
_LOOK_SECONDS = 0.05


class SqliteDatabase(Database):
    """``sqlite:///path``, or ``memory://`` for one private to this object.

    With ``create`` a missing file is made and an older schema upgraded; without, the former is a StoreError.
    """

    begin_reading = "BEGIN"
    begin_migration = "BEGIN IMMEDIATE"

    def __init__(
        self,
        url: str,
        *,
        create: bool = True,
        mountinfo: Path = place.MOUNTINFO,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        super().__init__(url, create=create)
        self.path = None if url == "memory://" else place.sqlite_path(url)
        self.place = str(self.path or self.url)
        self._mountinfo = mountinfo
        self._busy_seconds = busy_seconds
        self._take_turns()

    def _start(self) -> None:
        super()._start()
        self._committed = threading.Condition()
        self._commits = 0
        if hasattr(self, "path"):
            self._take_turns()

    def _take_turns(self) -> None:
        if self.path is None:
            # In memory all threads share the one connection, so one at a time.
            self._turn = threading.RLock()

    @property
    def is_private(self) -> bool:
        """Whether it lies in memory."""
        return self.path is None

    def read(self, *, once: bool = False) -> AbstractContextManager[Connection]:  # noqa: ARG002  costs nothing here
        """Open a transaction that sees one state of the database and takes no lock."""
        return self._transaction("BEGIN")

    @contextmanager
    def write(self, *, alone: Alone | None = None, once: bool = False) -> Iterator[Connection]:  # noqa: ARG002  every writer is alone
        """Open a transaction as the only writer; commits at the end, rolls back on any exception."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection
        with self._committed:
            self._commits += 1
            self._committed.notify_all()

    def bare(self, *, writing: bool = False) -> AbstractContextManager[Connection]:
        """Open a transaction without looking at the schema; for migrations."""
        return self._transaction(self.begin_migration if writing else self.begin_reading, checked=False)

    def clock(self, own: Clock) -> Clock:
        """Return this host's clock: all who share the file are on it."""
        return own

    def announce(self, connection: Connection, namespace: str) -> None:
        """Do nothing: every commit is noticed."""

    def data_version(self) -> tuple[int, int]:
        """Return a mark that differs after any commit, of this process or another; cheap, takes no lock."""
        with self._turn, self._translating():
            driver: Any = self._connection().connection.driver_connection
            return self._commits, driver.execute("PRAGMA data_version").fetchone()[0]

    def pause(self, seen: tuple[int, int], shortest: float, longest: float, namespace: str) -> float:  # noqa: ARG002  any commit wakes
        """Wait until something may have been committed since ``seen``; return the seconds it took, at the least."""
        if self.path is None:
            with self._committed:
                noticed = self._committed.wait_for(lambda: self._commits != seen[0], longest)
            return 0.0 if noticed else longest
        time.sleep(shortest)
        watch: Watch | None = getattr(self._local, "watch", None)
        if watch is None or watch.gone:
            self._local.watch = Watch(self.path.with_name(f"{self.path.name}-wal"))
            return shortest
        return longest if watch.works and not watch.wait(longest - shortest) else shortest

    def notice(self, seen: tuple[int, int] | None, seconds: float, channel: str) -> bool:  # noqa: ARG002  any commit wakes
        """Return True soon after a commit since ``seen``, False after so many seconds."""
        seen = self.data_version() if seen is None else seen
        until = time.monotonic() + seconds
        while True:
            # First, or whoever waits beside a busy writer would not wait at all.
            time.sleep(max(0.0, min(_LOOK_SECONDS, until - time.monotonic())))
            if self.data_version() != seen:
                return True
            if time.monotonic() >= until:
                return False

    def faults(self, connection: Connection, *, whole: bool) -> list[str]:  # noqa: ARG002  a table that is not there is found
        """Return what SQLite's own check finds."""
        lines = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(20)")]
        return [line for line in lines if line != "ok"]

    def close(self) -> None:
        """Close this thread's connection; others close with their thread; what was in memory is gone."""
        super().close()
        if self.path is None and self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _open(self) -> Connection:
        if self.path is not None:
            place.prepare(self.path, create=self.create, mountinfo=self._mountinfo)
        with self._opening:
            if self._engine is None:
                self._engine = _engine(self.path, self._busy_seconds)
            connection = self._engine.connect()
        self._local.identity = self._identity()
        return connection

    def _is_stale(self, connection: Connection) -> bool:  # noqa: ARG002  the file tells, not the connection
        # Removed, or another put in its place: what is written to the former is seen by nobody.
        return bool(self._local.identity != self._identity())

    def _prepare(self, connection: Connection) -> None:
        if self.path is not None:
            migrate.ensure(self, connection)
            return
        connection.info["begin"] = "BEGIN IMMEDIATE"
        with connection.begin():
            metadata.create_all(connection)
            triggers.create(connection, EDITABLE)

    def _translated(self, error: Exception) -> BeatdError | None:
        ours = translated(error, self.url, self.place)
        if ours is not None and not is_busy(error) and self.path is not None:
            self._drop()
        return ours

    def _identity(self) -> tuple[int, int] | None:
        """Return what tells the file at the path from any other; None where there is none."""
        if self.path is None:
            return None
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def _engine(path: Path | None, busy_seconds: float) -> Engine:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        msg = f"this Python has SQLite {sqlite3.sqlite_version}; beatd needs {wanted} or newer"
        raise StoreError(msg)
    engine = create_engine(
        "sqlite://" if path is None else f"sqlite:///{path}",
        poolclass=StaticPool if path is None else NullPool,
        # isolation_level None: the driver begins nothing by itself. Each connection is used by one thread, or by one
        # at a time, but may be collected by another.
        connect_args={"timeout": busy_seconds, "isolation_level": None, "check_same_thread": False},
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(connection.info["begin"])


def _set_up(driver: sqlite3.Connection, _record: object) -> None:
    try:
        driver.execute("PRAGMA foreign_keys = ON")
        driver.execute("PRAGMA cache_size = -16000")
        if driver.execute("PRAGMA database_list").fetchone()[2]:
            _use_wal(driver)
            driver.execute("PRAGMA synchronous = NORMAL")
            # Pages (16 MB): checkpoints sync, so seldomer ones let small transactions pass a quarter faster.
            driver.execute("PRAGMA wal_autocheckpoint = 4000")
    except BaseException:  # raised again: nobody else has the connection
        driver.close()
        raise


def _use_wal(driver: sqlite3.Connection) -> None:
    # Changing the mode does not wait for busy_timeout where several processes start at once.
    for tried in range(_WAL_TRIES):
        try:
            if driver.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                return
            if driver.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal":
                return
        except sqlite3.OperationalError as error:
            if not is_busy(error) or tried == _WAL_TRIES - 1:
                raise
        threading.Event().wait(0.01 + 0.0007 * (os.getpid() % 64))
    msg = "the file system cannot hold an SQLite write-ahead log; put the database on a local disk"
    raise StoreError(msg)
