"""One database: connections that survive neither a thread nor a fork, and short transactions on them."""

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from beatd.core.urls import masked
from beatd.errors import BeatdError
from beatd.ports import Clock
from beatd.sqlkit.leak import leak

BUSY_SECONDS = 5.0
READ_ONLY = "the server is read-only: a standby, or set so; name the primary in the URL"
"""Why a server is not available that takes no writes."""

Alone = tuple[str, str]
"""(what, namespace): writers that name the same pair come one after another."""


def open_database(url: str, *, create: bool = True, busy_seconds: float = BUSY_SECONDS) -> "Database":
    """Return the database that a URL names: ``sqlite:///``, ``memory://`` or ``postgresql://``.

    With ``create`` what is missing is made at first use; without, that is a StoreError.
    ``busy_seconds``: how long to wait for another connection's lock.
    """
    scheme = url.partition("://")[0].lower()
    if scheme in ("postgresql", "postgres"):
        from beatd.sqlkit.postgres import PostgresDatabase

        return PostgresDatabase(url, create=create, busy_seconds=busy_seconds)
    from beatd.sqlkit.sqlite import SqliteDatabase

    return SqliteDatabase(url, create=create, busy_seconds=busy_seconds)


class Database(ABC):
    """Connects at first use. Safe to share between threads, and to use on in a forked child.

    Transactions do not nest. ``url`` is without its password; ``place`` is what messages call the database.
    """

    is_server = False
    """Whether other hosts may use it at the same time, so that nobody is the only writer."""

    begin_reading: str
    """The words that begin a transaction to read."""

    def __init__(self, url: str, *, create: bool) -> None:
        self.url = masked(url)
        self.place = self.url
        self.create = create
        self.path: Path | None = None
        self._ready = False
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._engine: Engine | None = None
        self._local = threading.local()
        self._opening = threading.Lock()
        self._turn: AbstractContextManager[Any] = nullcontext()

    @property
    def is_private(self) -> bool:
        """Whether it is this object's alone and ends with it."""
        return False

    @abstractmethod
    def read(self, *, once: bool = False) -> AbstractContextManager[Connection]:
        """Open a transaction that sees one state of the database and takes no lock; ``once``: for one statement."""

    @abstractmethod
    def write(self, *, alone: Alone | None = None, once: bool = False) -> AbstractContextManager[Connection]:
        """Open a transaction for writing; commits at the end, rolls back on any exception.

        ``once``: for one statement, which on a server needs none around it.

        SQLite has one writer at a time. On a server writers meet at the rows that they lock; those of ``alone`` come
        one after another. A commit whose answer is lost is a BrokerUnavailableError: nobody knows what became of it.
        """

    @abstractmethod
    def bare(self, *, writing: bool = False) -> AbstractContextManager[Connection]:
        """Open a transaction without looking at the schema; for migrations, one of which runs at a time."""

    @abstractmethod
    def clock(self, own: Clock) -> Clock:
        """Return the clock that all who share the database agree on."""

    @abstractmethod
    def announce(self, connection: Connection, namespace: str) -> None:
        """Wake with the commit those that wait for messages of a namespace."""

    @abstractmethod
    def data_version(self) -> tuple[int, int]:
        """Return a mark that differs after any commit, of this process or another; cheap, takes no lock."""

    @abstractmethod
    def pause(self, seen: tuple[int, int], shortest: float, longest: float, namespace: str) -> float:
        """Wait until something may have been committed since ``seen``; return the seconds it took, at the least.

        Where other processes' commits cannot be noticed, wait ``shortest``; else that and on to ``longest``.
        """

    @abstractmethod
    def notice(self, seen: tuple[int, int] | None, seconds: float, channel: str) -> bool:
        """Return True soon after a commit since ``seen``, or a word on a server's channel; False after so many seconds.

        Where nothing can be noticed it returns False after a moment.
        """

    @abstractmethod
    def faults(self, connection: Connection, *, whole: bool) -> list[str]:
        """Return what is damaged, in words; ``whole``: all tables of this code should be there."""

    @property
    @abstractmethod
    def begin_migration(self) -> str:
        """The words that begin a transaction to migrate, one at a time."""

    def schema(self, connection: Connection) -> str:  # noqa: ARG002  servers have several
        """Return the schema that the tables are in, or are to be made in."""
        return ""

    def heading(self, schema: str) -> list[str]:  # noqa: ARG002  a server's alone
        """Return statements with which a printed migration begins."""
        return []

    def close(self) -> None:
        """Close this thread's connection; others close with their thread."""
        if os.getpid() != self._pid:
            self._forked()
        self._drop()

    @abstractmethod
    def _open(self) -> Connection:
        """Return a new connection."""

    @abstractmethod
    def _is_stale(self, connection: Connection) -> bool:
        """Return whether a connection, idle until now, leads nowhere any more."""

    @abstractmethod
    def _prepare(self, connection: Connection) -> None:
        """Make the schema ready, or raise StoreError."""

    @abstractmethod
    def _translated(self, error: Exception) -> BeatdError | None:
        """Return our error for a driver's and drop a connection that is spoilt; None for what is no driver's error."""

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
        except BeatdError:
            raise
        except Exception as error:  # which of them are a driver's, each driver knows
            ours = self._translated(error)
            if ours is None:
                raise
            raise ours from error

    def _connection(self, *, checked: bool = True) -> Connection:
        if os.getpid() != self._pid:
            self._forked()
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is not None and self._is_stale(connection):
            self._drop()
            connection = None
        if connection is None:
            connection = self._local.connection = self._open()
        if checked and not self._ready:
            with self._opening:
                if not self._ready:
                    self._prepare(connection)
                    self._ready = True
        return connection

    def _drop(self) -> None:
        self._ready = False  # by the next time it may be another one
        for held in (self._local.__dict__.pop("connection", None), self._local.__dict__.pop("watch", None)):
            if held is not None:
                held.close()

    def _forked(self) -> None:
        # What was inherited belongs to the parent: closing it here would touch the parent's locks, WAL or session.
        leak(self._engine, self._local.__dict__.get("connection"))
        watch = self._local.__dict__.pop("watch", None)
        if watch is not None:
            watch.close()  # only this process's copy
        self._ready = self._ready and not self.is_private
        self._start()
