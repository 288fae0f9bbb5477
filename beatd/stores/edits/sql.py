"""Rows of ``beatd_schedules``, edited in transactions of our own, or in the user's."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

import msgspec

from beatd.core.calendars import Calendars, read_calendars
from beatd.core.field_values import named
from beatd.core.rows.columns import DEFINE_ROW, JSON
from beatd.core.rows.row import ScheduleRow
from beatd.errors import StoreError
from beatd.sqlkit.database import Database, open_database
from beatd.sqlkit.editing import CALENDAR, LISTS, MOMENTS, READ, Editing, Narrowed
from beatd.sqlkit.runner import Runner, runner_of
from beatd.stores.edits.port import Wanted

_SCHEMA = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}")
_NEAR = 200
PAGE = 500
"""Rows that are read with one statement."""


class _Undone(Exception):  # noqa: N818  ends a transaction and is seen by nobody
    pass


class SqlPlace:
    """A database that a URL names; connects at first use."""

    page = PAGE

    def __init__(self, url: str, namespace: str, *, create: bool) -> None:
        self._database: Database = open_database(url, create=create)
        self.name = self._database.place
        self._namespace = namespace
        self._undo = False

    @contextmanager
    def opened(self, *, writing: bool) -> Iterator["SqlRows"]:
        """Open a transaction of our own."""
        self._undo = False
        try:
            with self._database.write() if writing else self._database.read() as connection:
                dialect = connection.dialect
                yield SqlRows(Runner(connection, dialect.name, dialect.paramstyle), self._namespace)
                self._end()
        except _Undone:
            pass

    def undo(self) -> None:
        """Have the transaction that is open roll back at its end."""
        self._undo = True

    def _end(self) -> None:
        if self._undo:
            raise _Undone

    def close(self) -> None:
        """Close this thread's connection."""
        self._database.close()


class BorrowedPlace:
    """A connection of the user's: what is done is part of their transaction, and they commit it."""

    name = "the database of this connection"
    page = PAGE

    def __init__(self, connection: Any, namespace: str, *, schema: str | None) -> None:
        if schema is not None and not _SCHEMA.fullmatch(schema):
            raise StoreError(f"schema={schema!r} cannot be a schema here; use letters, digits and _")
        self._rows = SqlRows(runner_of(connection), namespace, schema=schema)

    @contextmanager
    def opened(self, *, writing: bool) -> Iterator["SqlRows"]:  # noqa: ARG002  the transaction is theirs
        """Work in the transaction as it is."""
        yield self._rows

    def undo(self) -> None:
        """Refuse."""
        raise StoreError("connection: the transaction is yours; roll it back yourself")

    def close(self) -> None:
        """Leave the connection open."""


class SqlRows:
    """The rows of a namespace, in the transaction of a runner."""

    def __init__(self, runner: Runner, namespace: str, *, schema: str | None = None) -> None:
        self._runner = runner
        self._namespace = namespace
        self._sql = Editing(runner.dialect, schema)

    def get(self, name: str, *, lock: bool = False) -> ScheduleRow | None:
        """Return a row; on a server ``lock`` waits for whoever else is changing it."""
        rows = self._runner.run(self._sql.one(lock=lock), (self._namespace, name)).rows
        return _row(rows[0]) if rows else None

    def there(self, names: Sequence[str]) -> list[str]:
        """Return those of these names that are there."""
        found = self._runner.run(self._sql.there(len(names)), (self._namespace, *names)).rows if names else []
        return [row[0] for row in found]

    def near(self, name: str) -> list[str]:
        """Return names that stand near a name in their order; of few all."""
        asked = [self._runner.run(sql, (self._namespace, name, _NEAR)).rows for sql in self._sql.near()]
        return [row[0] for rows in asked for row in rows]

    def insert(self, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
        """Add rows, but none under a name that is there; return how many."""
        added = 0
        given = [(name, {key: value for key, value in fields.items() if value is not None}) for name, fields in rows]
        for columns, group in groupby(given, key=lambda row: tuple(row[1])):
            several = [*group]
            values = [
                value
                for name, fields in several
                for value in (self._namespace, name, *(_value(key, fields[key]) for key in columns))
            ]
            added += self._runner.run(self._sql.insert(columns, len(several)), values).count
        return added

    def update(self, row: ScheduleRow, fields: Mapping[str, Any]) -> bool:
        """Change fields of that version of a row; return False where it is another by now."""
        values = [_value(key, value) for key, value in fields.items()]
        return self._runner.run(self._sql.update([*fields]), (*values, *self._of(row))).count == 1

    def delete(self, row: ScheduleRow) -> bool:
        """Remove that version of a row; return False where it is another by now."""
        return self._runner.run(self._sql.delete(), self._of(row)).count == 1

    def page(self, wanted: Wanted, limit: int) -> list[ScheduleRow]:
        """Return the next rows."""
        narrowed = Narrowed(
            tag=wanted.tag,
            task=wanted.task,
            enabled=wanted.enabled,
            errors=wanted.errors,
            next_before=None if wanted.next_before is None else moment_text(wanted.next_before),
        )
        after = None
        if wanted.after is not None:
            by = self._sql.sorted_by(wanted.order)
            value = None if by is None else getattr(wanted.after, by)
            after = (None if value is None else moment_text(value), wanted.after.name)
        return [
            _row(each)
            for each in self._runner.run(*self._sql.page(self._namespace, narrowed, wanted.order, after, limit)).rows
        ]

    def calendars(self) -> Calendars:
        """Return those of ``beatd_calendars``."""
        return _calendars(tuple(self._runner.run(self._sql.calendars(), (self._namespace,)).rows))

    def keep_calendar(self, name: str, document: Mapping[str, Any]) -> None:
        """Make the calendar of that name be this."""
        values = [document.get(key) for key in CALENDAR[1:]]
        told = [msgspec.json.encode(value).decode() if isinstance(value, list) else value for value in values]
        self._runner.run(self._sql.keep_calendar(), (self._namespace, name, *told))

    def defaults(self, name: str) -> Mapping[str, Any]:  # noqa: ARG002  of any entry
        """Return nothing: a table has no defaults of its own."""
        return {}

    def _of(self, row: ScheduleRow) -> tuple[str, str, str | None]:
        return self._namespace, row.name, row.version or None


def moment_text(moment: datetime) -> str:
    """Return a moment as the columns of SQLite have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _value(column: str, value: Any) -> Any:
    return msgspec.json.encode(value).decode() if column in JSON and value is not None else value


def _row(values: Sequence[Any]) -> ScheduleRow:
    found = dict(zip(READ, values, strict=True))
    for key in JSON:
        found[key] = _json(found[key])
    found["enabled"] = found["enabled"] is None or bool(found["enabled"])
    found["version"] = found["changed_at"] or ""
    for key in MOMENTS:
        found[key] = _moment(found[key])
    return ScheduleRow(**found)


def _json(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return text  # whatever it is, the other rows are told of


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else text
    except ValueError:
        return None


@lru_cache(maxsize=8)  # asked for with each of many entries
def _calendars(rows: tuple[tuple[Any, ...], ...]) -> Calendars:
    tables = {row[0]: _calendar(row) for row in rows}
    read = read_calendars(tables, lambda name, error: f"calendars.{named(name)}: {error}")
    return replace(read, define=DEFINE_ROW)


def _calendar(row: Sequence[Any]) -> dict[str, Any]:
    found = dict(zip(CALENDAR[1:], row[1:], strict=True))
    return {key: _json(value) if key in LISTS else value for key, value in found.items() if value is not None}
