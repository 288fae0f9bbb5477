"""Statements on a connection that may be anybody's: SQLAlchemy's, Django's, or a driver's own."""

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from beatd.errors import StoreError
from beatd.sqlkit.odd_text import is_odd_text, taking_any_bytes

_MARK = re.compile(r"\?")
_DIALECTS = ("sqlite", "postgresql")
_TAKEN = "SQLAlchemy's Connection, django.db.connection, or a connection of sqlite3 or psycopg"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a statement returned, and how many rows it changed."""

    rows: list[tuple[Any, ...]]
    count: int


class Runner:
    """Runs statements in whatever transaction the connection is in; begins and ends none. ``?`` marks each value."""

    def __init__(self, connection: Any, dialect: str, style: str) -> None:
        if dialect not in _DIALECTS:
            raise StoreError(f"connection: {dialect} is no database that entries can be in: SQLite and PostgreSQL are")
        self.dialect = dialect
        self._connection = connection
        self._mark = {"qmark": "?", "format": "%s", "pyformat": "%s"}.get(style)
        if self._mark is None:
            raise StoreError(f"connection: a driver with parameters in the style {style!r} cannot be used; psycopg can")

    def run(self, sql: str, values: Sequence[Any] = ()) -> Ran:
        """Execute one statement; one value for each ``?``."""
        text = sql if self._mark == "?" else _MARK.sub(self._mark or "", sql)
        try:
            return self._run(text, values)
        except Exception as error:  # whatever the driver raises; only odd text is tried again
            driver = _sqlite_of(self._connection) if is_odd_text(error) else None
            if driver is None:
                raise
        # What one row holds is to be seen, and no reason to show none.
        with taking_any_bytes(driver, "replace"):
            return self._run(text, values)

    def _run(self, text: str, values: Sequence[Any]) -> Ran:
        if hasattr(self._connection, "exec_driver_sql"):
            result = self._connection.exec_driver_sql(text, tuple(values))
            return Ran([tuple(row) for row in result] if result.returns_rows else [], result.rowcount)
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(text, tuple(values))
            return Ran([tuple(row) for row in cursor.fetchall()] if cursor.description else [], cursor.rowcount)


def _sqlite_of(connection: Any) -> Any:
    """Return the connection of sqlite3 that is below one, None where there is none."""
    while connection is not None and not isinstance(connection, sqlite3.Connection):
        connection = getattr(connection, "driver_connection", None) or getattr(connection, "connection", None)
    return connection


def runner_of(connection: Any) -> Runner:
    """Return a runner on a user's connection. Raises TypeError for what is none that is known."""
    if hasattr(connection, "exec_driver_sql"):
        if not hasattr(connection, "execution_options") or hasattr(connection, "run_sync"):
            raise TypeError("connection: give the sync Connection: await async_connection.run_sync(...)")
        return Runner(connection, connection.dialect.name, connection.dialect.paramstyle)
    # Django: the same marks whatever the database.
    if hasattr(connection, "vendor") and hasattr(connection, "cursor"):
        return Runner(connection, connection.vendor, "format")
    home = type(connection).__module__.partition(".")[0]
    if home == "sqlite3":
        return Runner(connection, "sqlite", "qmark")
    if home in ("psycopg", "psycopg2") and hasattr(connection, "cursor"):
        return Runner(connection, "postgresql", "format")
    remedy = "give session.connection()" if hasattr(connection, "connection") else f"give {_TAKEN}"
    raise TypeError(f"connection: {type(connection).__name__} cannot be used; {remedy}")
