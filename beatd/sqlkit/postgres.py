"""A PostgreSQL server, from version 12 on."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256
from typing import cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from beatd.errors import BeatdError, StoreError
from beatd.ports import Clock
from beatd.serverclock import ServerClock
from beatd.sqlkit import migrate, triggers
from beatd.sqlkit.database import BUSY_SECONDS, Alone, Database
from beatd.sqlkit.dialect import OLDEST_POSTGRESQL
from beatd.sqlkit.limits import metadata

try:
    import psycopg

    from beatd.sqlkit import pgfailures
    from beatd.sqlkit.pgbell import Bell
    from beatd.sqlkit.pgdriver import Driver
    from beatd.sqlkit.pgurl import read_address
except ImportError as absent:
    _msg = 'postgresql:// needs a driver that is not installed: pip install "beatd[postgres]"'
    raise StoreError(_msg) from absent

MIGRATION_SECONDS = 3600
_DEAF_SECONDS = 0.2

# Of beatd's advisory locks, so that they do not meet the user's own.
_LOCKS = int.from_bytes(b"beat", "big")

# Explicit, because a database's or a role's default may be another one, and the protocol is made for this one: each
# statement sees what was committed before it, so what is read after a lock was waited for is the newest.
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_MIGRATE = (
    f"{_WRITE}; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{MIGRATION_SECONDS}s'; "
    "SET LOCAL idle_in_transaction_session_timeout = '5min'"
)
_NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND left(relname, 6) = 'beatd_' AND pg_table_is_visible(oid)"
)
_INVALID = """
SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
WHERE NOT i.indisvalid AND left(t.relname, 6) = 'beatd_' AND pg_table_is_visible(t.oid)
"""


class PostgresDatabase(Database):
    """``postgresql://user@host/name``; ``?schema=NAME`` puts the tables there, other parameters are libpq's.

    With ``create`` absent tables are made; a schema too old is a StoreError that names ``beatd db upgrade``.
    """

    is_server = True
    begin_reading = _READ

    def __init__(self, url: str, *, create: bool = True, busy_seconds: float = BUSY_SECONDS) -> None:
        super().__init__(url, create=create)
        self._address = read_address(url)
        self._busy_seconds = busy_seconds
        self._marks = 0

    def read(self, *, once: bool = False) -> AbstractContextManager[Connection]:
        """Open a transaction that sees one state of the database; ``once``: for one statement, which needs none."""
        return self._single() if once else self._transaction(_READ)

    def write(self, *, alone: Alone | None = None, once: bool = False) -> AbstractContextManager[Connection]:
        """Open a transaction for writing; commits at the end, rolls back on any exception."""
        if once:
            return self._single()
        return self._transaction(_WRITE if alone is None else f"{_WRITE}; {_lock(*alone)}")

    def bare(self, *, writing: bool = False) -> AbstractContextManager[Connection]:
        """Open a transaction without looking at the schema; for migrations."""
        return self._transaction(self.begin_migration if writing else _READ, checked=False)

    def clock(self, own: Clock) -> Clock:
        """Return the server's clock."""
        return ServerClock(self.now, own)

    def now(self) -> int:
        """Return what the server's clock says, in microseconds since the epoch; also within a transaction."""
        with self._translating():
            driver = self._driver()
            try:
                # Never now(), which stands still within a transaction.
                rows = driver.execute(_NOW).fetchall()
            except psycopg.Error:
                # A transaction that this was a part of must not be gone on with.
                driver.close()
                raise
        return int(rows[0][0])

    def announce(self, connection: Connection, namespace: str) -> None:
        """Send one NOTIFY with the commit."""
        cast("Driver", connection.connection.driver_connection).announced.add(_channel(namespace))

    def data_version(self) -> tuple[int, int]:
        """Return another mark each time: a server tells nobody what was committed, so each look is a new one."""
        self._marks += 1
        return self._marks, 0

    def pause(self, seen: tuple[int, int], shortest: float, longest: float, namespace: str) -> float:  # noqa: ARG002  every look is a new one
        """Wait for an announcement; return the seconds it took, at the least."""
        bell = self._bell(_channel(namespace))
        seconds = longest if bell.works else shortest
        return 0.0 if bell.wait(seconds) else seconds

    def notice(self, seen: tuple[int, int] | None, seconds: float, channel: str) -> bool:  # noqa: ARG002  every look is a new one
        """Return True soon after a word on a channel, False after so many seconds, or sooner where none arrive."""
        bell = self._bell(channel)
        until = time.monotonic() + seconds
        while True:
            works = bell.works
            if bell.wait(max(0.0, min(until - time.monotonic(), seconds if works else _DEAF_SECONDS))):
                return True
            if not works or time.monotonic() >= until:
                # What was announced before it worked is not known.
                return bell.works and not works

    def _bell(self, channel: str) -> Bell:
        bell: Bell | None = getattr(self._local, "watch", None)
        if bell is None or bell.channel != channel:
            if bell is not None:
                bell.close()
            bell = self._local.watch = Bell(self._dial, channel)
        return bell

    def faults(self, connection: Connection, *, whole: bool) -> list[str]:
        """Return which tables are missing and which indexes are of no use."""
        invalid = connection.exec_driver_sql(_INVALID).scalars()
        wrong = [f"the index {name} is not valid: run REINDEX INDEX {name}" for name in invalid]
        if not whole:
            return wrong
        there = set(connection.exec_driver_sql(_TABLES).scalars())
        missing = [f"the table {name} is missing" for name in sorted(metadata.tables.keys() - there)]
        return missing + wrong

    def schema(self, connection: Connection) -> str:
        """Return the schema that the tables are in, or are to be made in."""
        return self._address.schema or str(connection.exec_driver_sql("SELECT current_schema()").scalar())

    def heading(self, schema: str) -> list[str]:
        """Return the statement that finds the schema; the connection's own settings say it otherwise."""
        return [f"SET LOCAL search_path TO {triggers.quoted(schema)}"]

    @contextmanager
    def _single(self) -> Iterator[Connection]:
        with self._translating():
            yield self._connection()

    def _driver(self) -> Driver:
        return cast("Driver", self._connection(checked=False).connection.driver_connection)

    def _open(self) -> Connection:
        with self._opening:
            if self._engine is None:
                self._engine = self._made_engine()
        return self._engine.connect()

    def _made_engine(self) -> Engine:
        engine = create_engine(
            "postgresql+psycopg://",
            creator=self._dial,
            poolclass=NullPool,
            paramstyle="format",
            use_native_hstore=False,
        )
        event.listen(engine, "begin", _begin)
        return engine

    def _dial(self) -> Driver:
        # Transactions are begun and ended in our own words.
        driver = Driver.connect(
            **self._address.arguments, autocommit=True, prepare_threshold=5 if self._address.prepare else None
        )
        try:
            self._set_up(driver)
        except BaseException:  # raised again: nobody else has the connection
            driver.close()
            raise
        return driver

    def _set_up(self, driver: Driver) -> None:
        busy = round(self._busy_seconds * 1000)
        driver.patience = driver.usual_patience = 2 * self._busy_seconds + 2
        schema = self._address.schema
        settings = [
            f"SET lock_timeout = {busy}",
            f"SET statement_timeout = {2 * busy}",
            # Shorter than others wait for a lock: a process that was stopped in mid-step must not hold up the rest.
            f"SET idle_in_transaction_session_timeout = {busy * 4 // 5}",
            # Every statement is made for an index; a young table without statistics may seem quicker to walk. And a
            # plan that was made when it was empty would stay when it has grown.
            "SET enable_seqscan = off",
            "SET enable_bitmapscan = off",  # it finds all that wait where one would do
            "SET plan_cache_mode = force_custom_plan",
            "SET jit = off",
            *([f'SET search_path TO "{schema}"'] if schema else []),
        ]
        driver.execute("; ".join(settings).encode())
        if driver.info.server_version < OLDEST_POSTGRESQL:
            msg = f"{self.place} is PostgreSQL {driver.info.server_version // 10000}; beatd needs 12 or newer"
            raise StoreError(msg)
        encoding = driver.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            made = "createdb --encoding=UTF8 --template=template0 NAME"
            msg = f"{self.place} has the encoding {encoding}; beatd needs one with UTF8: {made}"
            raise StoreError(msg)

    def _is_stale(self, connection: Connection) -> bool:
        if connection.invalidated:
            return True
        # Not within a transaction, whose loss must be an error.
        driver = cast("Driver", connection.connection.driver_connection)
        return driver.pgconn.transaction_status != psycopg.pq.TransactionStatus.INTRANS and driver.is_lost()

    @property
    def begin_migration(self) -> str:
        """The words that begin a transaction to migrate, one at a time."""
        schema = self._address.schema
        make = f'; CREATE SCHEMA IF NOT EXISTS "{schema}"' if schema else ""
        return f"{_MIGRATE}; {_lock('schema', schema or '')}{make}"

    def _prepare(self, connection: Connection) -> None:
        migrate.ensure(self, connection)

    def _translated(self, error: Exception) -> BeatdError | None:
        ours = pgfailures.translated(error, self.url, self.place)
        connection: Connection | None = getattr(self._local, "connection", None)
        # One that SQLAlchemy has given up would be opened again by asking for its driver.
        if ours is not None and connection is not None and not connection.invalidated:
            # Where that is not possible it closes, and is found stale by the next who asks for it.
            cast("Driver", connection.connection.driver_connection).rollback()
        return ours


def _begin(connection: Connection) -> None:
    driver = cast("Driver", connection.connection.driver_connection)
    begin: str = connection.info["begin"]
    driver.patience = MIGRATION_SECONDS if begin.startswith(_MIGRATE) else driver.usual_patience
    driver.execute(begin.encode())  # one round trip, whatever it takes to begin


def _lock(what: str, namespace: str) -> str:
    """Return the words that take a lock until the end of the transaction."""
    digest = sha256(f"{what}\n{namespace}".encode()).digest()
    return f"SELECT pg_advisory_xact_lock({_LOCKS}, {int.from_bytes(digest[:4], 'big', signed=True)})"


def _channel(namespace: str) -> str:
    """Return the channel of a namespace: at most 63 bytes, whatever the namespace."""
    return f"beatd_{sha256(namespace.encode()).hexdigest()[:32]}"
