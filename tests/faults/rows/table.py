"""The table of entries as any client that knows SQL sees it, with no code of beatd's."""

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs

import psycopg

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAILURES = (sqlite3.Error, psycopg.Error, OSError)
NAMESPACE = "beatd"


class Row(NamedTuple):
    """A row as a statement left it, or the removal of one. ``moment``: of the statement, in microseconds.

    ``schedule`` None: it is gone. ``exclude``: the calendar that it names. ``edit``: the first argument of its call.
    """

    name: str
    generation: int
    moment: int
    schedule: str | None = None
    timezone: str | None = None
    exclude: str | None = None
    is_enabled: bool = True
    edit: int | None = None


class Session(Protocol):
    """A connection with one transaction after another; its statements have ``?`` for their values."""

    def begin(self) -> None: ...

    def execute(self, statement: str, values: Sequence[object] = ()) -> Any: ...

    def commit(self) -> None: ...

    def close(self) -> None:
        """Close it; what was not committed never was."""
        ...


class SqliteSession:
    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)

    def begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def execute(self, statement: str, values: Sequence[object] = ()) -> Any:
        return self._connection.execute(statement, values)

    def commit(self) -> None:
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


class PostgresSession:
    def __init__(self, url: str) -> None:
        place, _, query = url.partition("?")
        schema = parse_qs(query).get("schema", ["public"])[0]
        told = f"-c search_path={schema} -c lock_timeout=1s"
        self._connection = psycopg.connect(place, autocommit=True, connect_timeout=3, options=told)

    def begin(self) -> None:
        self._connection.execute("BEGIN")

    def execute(self, statement: str, values: Sequence[object] = ()) -> Any:
        return self._connection.execute(statement.replace("?", "%s").encode(), values or None)

    def commit(self) -> None:
        # Of a transaction that failed PostgreSQL says ROLLBACK, and no error.
        if self._connection.execute("COMMIT").statusmessage != "COMMIT":
            raise psycopg.OperationalError("rolled back")

    def close(self) -> None:
        self._connection.close()


class Table:
    """Where the rows are. ``url``: as beatd is given it, past any proxies."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")

    def connect(self) -> Session:
        if self.is_sqlite:
            return SqliteSession(self.url.removeprefix("sqlite:///"))
        return PostgresSession(self.url)


def rows_of(session: Session, names: Iterable[str]) -> list[Row]:
    """Return how the rows of these names are now, in the transaction of the session; also those that are gone."""
    names = sorted(names)
    listed = ", ".join("?" for _ in names)
    gone = session.execute(
        "SELECT name, generation, changed_at FROM beatd_changes WHERE kind = 'schedule' AND op = 'delete' "
        f"AND namespace = ? AND name IN ({listed}) ORDER BY changed_at",
        (NAMESPACE, *names),
    )
    found = {row[0]: Row(*row) for row in gone.fetchall()}
    there = session.execute(
        "SELECT name, generation, changed_at, schedule, timezone, exclude, enabled, args FROM beatd_schedules "
        f"WHERE namespace = ? AND name IN ({listed})",
        (NAMESPACE, *names),
    )
    found.update((row[0], _row(*row)) for row in there.fetchall())
    return list(found.values())


def _row(name: str, generation: int, changed_at: Any, *rest: Any) -> Row:
    schedule, timezone, exclude, enabled, args = rest
    args = json.loads(args) if isinstance(args, str) else args
    edit = args[0] if isinstance(args, list) and args else None
    return Row(name, generation, microseconds(changed_at), schedule, timezone, exclude, enabled in (None, 1), edit)


def microseconds(moment: str | datetime) -> int:
    """Return a moment as the table has it, in microseconds."""
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (found - EPOCH) // timedelta(microseconds=1)


def clock() -> int:
    """Return the real time in microseconds."""
    return time.time_ns() // 1000
