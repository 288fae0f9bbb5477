"""The tables: made by beatd, filled and edited by plain SQL with their triggers on."""

import os
import sqlite3
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from benchmarks.firing.places import POSTGRES
from benchmarks.rows.entries import Row
from benchmarks.service import BIN

SCHEMA = f"beatd_bench_rows_{os.getpid()}"  # of this process: another may measure beside it
COLUMNS = ", ".join(Row._fields)
CHUNK = 50_000


class Table(ABC):
    """One table; ``url`` is what beatd is given. Statements have ``?`` for their values."""

    name: str
    url: str

    def make(self) -> None:
        """Make it, empty."""
        self.remove()
        subprocess.run([BIN / "beatd", "db", "upgrade", "--broker", self.url], check=True, stdout=subprocess.DEVNULL)

    def fill(self, rows: Iterable[Row]) -> float:
        """Insert rows, thousands in a transaction; return the seconds it took."""
        began = time.perf_counter()
        every = iter(rows)
        while part := list(islice(every, CHUNK)):
            self._insert(part)
        return time.perf_counter() - began

    def edit(self, statement: str, values: Sequence[object] = ()) -> float:
        """Carry out a statement in a transaction of its own; return by the monotonic clock when it was committed."""
        self.execute("BEGIN")
        self.execute(statement, values)
        self.execute("COMMIT")
        return time.monotonic()

    def forget(self) -> None:
        """Forget whose state it was that fired its rows, as one who empties the queues with their state has to."""
        self.edit("DELETE FROM beatd_installations")

    @abstractmethod
    def execute(self, statement: str, values: Sequence[object] = ()) -> None:
        """Carry out a statement."""

    @abstractmethod
    def settle(self) -> None:
        """Let what the server does behind such an amount of writing be done, as it is in a table that was there."""

    @abstractmethod
    def remove(self) -> None:
        """Remove it."""

    @abstractmethod
    def _insert(self, rows: list[Row]) -> None: ...


class PostgresTable(Table):
    """In a schema of its own."""

    name = "PostgreSQL"

    def __init__(self, _folder: Path) -> None:
        self.url = f"{POSTGRES}{'&' if urlsplit(POSTGRES).query else '?'}schema={SCHEMA}"
        options = f"-c search_path={SCHEMA}"
        self._connection = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=2, options=options)

    def execute(self, statement: str, values: Sequence[object] = ()) -> None:
        """Carry out a statement."""
        statement = statement.replace("%", "%%").replace("?", "%s") if values else statement
        self._connection.execute(statement.encode(), values or None)

    def settle(self) -> None:
        """Vacuum and checkpoint."""
        for table in ("beatd_schedules", "beatd_changes"):
            self.execute(f"VACUUM ANALYZE {table}")
        self.execute("CHECKPOINT")

    def remove(self) -> None:
        """Drop the schema."""
        self.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")

    def _insert(self, rows: list[Row]) -> None:
        with self._connection.cursor().copy(f"COPY beatd_schedules ({COLUMNS}) FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)


class SqliteTable(Table):
    """A file."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "rows.db"
        self.url = f"sqlite:///{self.path}"
        self._kept: sqlite3.Connection | None = None

    def execute(self, statement: str, values: Sequence[object] = ()) -> None:
        """Carry out a statement."""
        self._connection().execute("BEGIN IMMEDIATE" if statement == "BEGIN" else statement, values)

    def settle(self) -> None:
        """Bring the log back into the file."""
        self.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def remove(self) -> None:
        """Delete the file."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        for ending in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)

    def _connection(self) -> sqlite3.Connection:
        if self._kept is None:
            self._kept = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        return self._kept

    def _insert(self, rows: list[Row]) -> None:
        places = ", ".join("?" for _ in Row._fields)
        self.execute("BEGIN")
        self._connection().executemany(f"INSERT INTO beatd_schedules ({COLUMNS}) VALUES ({places})", rows)
        self.execute("COMMIT")


TABLES: dict[str, type[Table]] = {"PostgreSQL": PostgresTable, "SQLite": SqliteTable}


@contextmanager
def open_table(name: str, folder: Path) -> Iterator[Table]:
    """Yield a table that is there and empty, and remove it at the end."""
    table = TABLES[name](folder)
    table.make()
    try:
        yield table
    finally:
        if "BENCH_KEEP" not in os.environ:
            table.remove()
