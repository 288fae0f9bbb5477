"""One database: connections that survive neither a thread nor a fork, and short transactions on them."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, StaticPool

from beatd.core.urls import masked
from beatd.errors import StoreError
from beatd.sqlkit import migrate, place
from beatd.sqlkit.dialect import OLDEST_SQLITE
from beatd.sqlkit.failures import DRIVER_ERRORS, is_busy, translated
from beatd.sqlkit.leak import leak
from beatd.sqlkit.schema import metadata
from beatd.sqlkit.watch import Watch

BUSY_SECONDS = 5.0
_WAL_TRIES = 100


class Database:
    """``sqlite:///path``, or ``memory://`` for one private to this object; connects at first use.

    With ``create`` a missing file is made and an older schema upgraded; without, both are a StoreError.
    ``busy_seconds``: how long to wait for another connection's lock.
    Safe to share between threads, and to use on in a forked child. Transactions do not nest.
    """

    def __init__(
        self,
        url: str,
        *,
        create: bool = True,
        mountinfo: Path = place.MOUNTINFO,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self.url = masked(url)
        self.path = None if url == "memory://" else place.sqlite_path(url)
        self.create = create
        self._mountinfo = mountinfo
        self._busy_seconds = busy_seconds
        self._ready = False
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._engine: Engine | None = None
        self._local = threading.local()
        self._opening = threading.Lock()
        self._committed = threading.Condition()
        self._commits = 0
        # In memory all threads share the one connection, so one at a time.
        self._turn: AbstractContextManager[Any] = threading.RLock() if self.path is None else nullcontext()

    def read(self) -> AbstractContextManager[Connection]:
        """Open a transaction that sees one state of the database and takes no lock."""
        return self._transaction("BEGIN")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction as the only writer; commits at the end, rolls back on any exception."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection
        with self._committed:
            self._commits += 1
            self._committed.notify_all()

    def data_version(self) -> tuple[int, int]:
        """Return a mark that differs after any commit, of this process or another; cheap, takes no lock."""
        with self._turn, self._translating():
            driver: Any = self._connection().connection.driver_connection
            return self._commits, driver.execute("PRAGMA data_version").fetchone()[0]

    def pause(self, seen: tuple[int, int], shortest: float, longest: float) -> float:
        """Wait until something may have been committed since ``seen``; return the seconds it took, at the least.

        Where other processes' commits cannot be noticed, wait ``shortest``; else that and on to ``longest``.
        """
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

    def bare(self, *, writing: bool = False) -> AbstractContextManager[Connection]:
        """Open a transaction without looking at the schema; for migrations."""
        return self._transaction("BEGIN IMMEDIATE" if writing else "BEGIN", checked=False)

    def close(self) -> None:
        """Close this thread's connection; others close with their thread; what was in memory is gone."""
        if os.getpid() != self._pid:
            self._forked()
        self._drop()
        if self.path is None and self._engine is not None:
            self._engine.dispose()
            self._engine = None

    @contextmanager
    def _transaction(self, begin: str, *, checked: bool = True) -> Iterator[Connection]:
        with self._turn, self._translating():
            connection = self._connection(checked=checked)
            connection.info["begin"] = begin
            with connection.begin():
                yield connection

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except DRIVER_ERRORS as error:
            ours = translated(error, self.url, str(self.path or self.url))
            if ours is None:
                raise
            if not is_busy(error) and self.path is not None:
                self._drop()
            raise ours from error

    def _connection(self, *, checked: bool = True) -> Connection:
        if os.getpid() != self._pid:
            self._forked()
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is not None and self._local.identity != self._identity():
            # Removed, or another put in its place: what is written to the former is seen by nobody.
            self._drop()
            connection = None
        if connection is None:
            connection = self._local.connection = self._connect()
            self._local.identity = self._identity()
        if checked and not self._ready:
            self._make_ready(connection)
        return connection

    def _make_ready(self, connection: Connection) -> None:
        with self._opening:
            if not self._ready:
                if self.path is None:
                    connection.info["begin"] = "BEGIN IMMEDIATE"
                    with connection.begin():
                        metadata.create_all(connection)
                else:
                    migrate.ensure(connection, str(self.path), create=self.create)
                self._ready = True

    def _connect(self) -> Connection:
        if self.path is not None:
            place.prepare(self.path, create=self.create, mountinfo=self._mountinfo)
        with self._opening:
            if self._engine is None:
                self._engine = _engine(self.path, self._busy_seconds)
            return self._engine.connect()

    def _identity(self) -> tuple[int, int] | None:
        """Return what tells the file at the path from any other; None where there is none."""
        if self.path is None:
            return None
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _drop(self) -> None:
        self._ready = False  # by the next time the file may be another one
        for held in (self._local.__dict__.pop("connection", None), self._local.__dict__.pop("watch", None)):
            if held is not None:
                held.close()

    def _forked(self) -> None:
        # What was inherited belongs to the parent: closing it here would touch the parent's locks and WAL.
        leak(self._engine, self._local.__dict__.get("connection"))
        watch = self._local.__dict__.pop("watch", None)
        if watch is not None:
            watch.close()  # only this process's copy
        self._ready = self._ready and self.path is not None
        self._start()


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
    except BaseException:
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
