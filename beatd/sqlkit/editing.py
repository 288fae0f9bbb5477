"""The statements by which rows of entries are read and edited, for a ``Runner``."""

# ruff: noqa: S608  every word of these texts is of our own; what users give are values

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from beatd.core.rows.columns import EDITABLE, JSON
from beatd.schedules.composition.calendars import KEYS

MOMENTS = ("changed_at", "next_fire_at", "last_fire_at")
CALENDAR = ("name", *KEYS)
LISTS = frozenset({"closed", "dates", "open"})
"""The columns of a calendar that hold JSON."""

READ = ("name", *EDITABLE, *MOMENTS, "run_count", "error")
"""The columns that are read, in their order."""

_ORDERS = {"name": None, "next": ("next_fire_at", ">", ""), "last": ("last_fire_at", "<", "DESC ")}
_TEXT_OF_MOMENT = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """Which rows are asked for, None wherever it does not matter; ``next_before``: a moment as text, included."""

    tag: str | None = None
    task: str | None = None
    enabled: bool | None = None
    errors: bool | None = None
    next_before: str | None = None


class Editing:
    """Statements for one dialect; ``schema``: where the tables are, None for what the connection says."""

    def __init__(self, dialect: str, schema: str | None = None) -> None:
        self._server = dialect == "postgresql"
        self._prefix = f'"{schema}".' if schema and self._server else ""
        self.table = f"{self._prefix}beatd_schedules"
        self._columns = ", ".join(map(self._read, READ))

    def one(self, *, lock: bool) -> str:
        """(namespace, name) → the row; ``lock``: and keep others from changing it."""
        held = " FOR UPDATE" if lock and self._server else ""
        return f"SELECT {self._columns} FROM {self.table} WHERE namespace = ? AND name = ?{held}"

    def near(self) -> tuple[str, str]:
        """(namespace, name, limit) → the names that come next before a name, and behind it."""
        head = f"SELECT name FROM {self.table} WHERE namespace = ? AND name"
        return f"{head} < ? ORDER BY name DESC LIMIT ?", f"{head} > ? ORDER BY name LIMIT ?"

    def there(self, number: int) -> str:
        """(namespace, names...) → those of the names that there are."""
        return f"SELECT name FROM {self.table} WHERE namespace = ? AND name IN ({_marks(number)})"

    def insert(self, columns: Sequence[str], number: int = 1) -> str:
        """(namespace, name, values...), so often → that many rows, but for names that there are."""
        row = ", ".join(["?", "?", *map(self._mark, columns)])
        rows = ", ".join([f"({row})"] * number)
        named = ", ".join(["namespace", "name", *columns])
        # Not a failed statement, which would spoil a transaction that is the user's.
        return f"INSERT INTO {self.table} ({named}) VALUES {rows} ON CONFLICT DO NOTHING"

    def update(self, columns: Sequence[str]) -> str:
        """(values..., namespace, name, version) → that version of the row changed."""
        changed = ", ".join(f"{column} = {self._mark(column)}" for column in columns)
        return f"UPDATE {self.table} SET {changed} WHERE {self._is_version()}"

    def delete(self) -> str:
        """(namespace, name, version) → that version of the row removed."""
        return f"DELETE FROM {self.table} WHERE {self._is_version()}"

    def calendars(self) -> str:
        """(namespace) → the calendars."""
        columns = ", ".join(f"{name}::text" if self._server and name in LISTS else name for name in CALENDAR)
        return f"SELECT {columns} FROM {self._prefix}beatd_calendars WHERE namespace = ?"

    def keep_calendar(self) -> str:
        """(namespace, values as in ``CALENDAR``) → the calendar, made or changed."""
        marks = ", ".join("CAST(? AS jsonb)" if self._server and name in LISTS else "?" for name in CALENDAR)
        changed = ", ".join(f"{name} = excluded.{name}" for name in CALENDAR[1:])
        into = f"{self._prefix}beatd_calendars (namespace, {', '.join(CALENDAR)})"
        return f"INSERT INTO {into} VALUES (?, {marks}) ON CONFLICT (namespace, name) DO UPDATE SET {changed}"

    def page(
        self, namespace: str, wanted: Narrowed, order: str, after: tuple[str | None, str] | None, limit: int
    ) -> tuple[str, list[Any]]:
        """Return the statement for the next rows behind ``after``, (what is sorted by, name), and its values."""
        clauses = [("namespace = ?", [namespace]), *self._narrowing(wanted)]
        sorted_by = _ORDERS[order]
        if after is not None:
            clauses.append(self._behind(order, after))
        where = " AND ".join(clause for clause, _ in clauses)
        values = [value for _, values in clauses for value in values] + [limit]
        if sorted_by is None:
            return f"SELECT {self._columns} FROM {self.table} WHERE {where} ORDER BY name LIMIT ?", values
        by = f"ORDER BY {sorted_by[0]} {sorted_by[2]}NULLS LAST, name"
        # Within, so that only the rows of the page are written out as text, not all that are sorted.
        page = f"SELECT * FROM {self.table} WHERE {where} {by} LIMIT ?"
        return f"SELECT {self._columns} FROM ({page}) AS page {by}", values

    @staticmethod
    def sorted_by(order: str) -> str | None:
        """Return the column by which an order sorts before the name."""
        sorted_by = _ORDERS[order]
        return None if sorted_by is None else sorted_by[0]

    def _behind(self, order: str, after: tuple[str | None, str]) -> tuple[str, list[Any]]:
        value, name = after
        sorted_by = _ORDERS[order]
        if sorted_by is None:
            return "name > ?", [name]
        column, sign, _ = sorted_by
        if value is None:
            return f"({column} IS NULL AND name > ?)", [name]
        mark = self._mark(column)
        told = f"({column} {sign} {mark} OR ({column} = {mark} AND name > ?) OR {column} IS NULL)"
        return told, [value, value, name]

    def _narrowing(self, wanted: Narrowed) -> Iterable[tuple[str, list[Any]]]:
        if wanted.task is not None:
            yield "task = ?", [wanted.task]
        if wanted.tag is not None:
            in_list = "EXISTS (SELECT 1 FROM json_each(tags) AS tag WHERE tag.value = ?)"
            yield "tags @> jsonb_build_array(CAST(? AS text))" if self._server else in_list, [wanted.tag]
        if wanted.enabled is not None:
            yield f"coalesce(enabled, {self._true()}) = ?", [wanted.enabled]
        if wanted.errors is not None:
            yield f"error IS {'NOT ' if wanted.errors else ''}NULL", []
        if wanted.next_before is not None:
            yield f"next_fire_at <= {self._mark('next_fire_at')}", [wanted.next_before]

    def _true(self) -> str:
        return "true" if self._server else "1"

    def _is_version(self) -> str:
        # Without triggers a row has none.
        sign = "IS NOT DISTINCT FROM" if self._server else "IS"
        return f"namespace = ? AND name = ? AND changed_at {sign} {self._mark('changed_at')}"

    def _mark(self, column: str) -> str:
        if not self._server:
            return "?"
        if column in JSON:
            return "CAST(? AS jsonb)"
        return "CAST(? AS timestamptz)" if column in MOMENTS else "?"

    def _read(self, column: str) -> str:
        if not self._server:
            return column
        if column in JSON:
            return f"{column}::text"
        return _TEXT_OF_MOMENT.format(column) if column in MOMENTS else column


def _marks(number: int) -> str:
    return ", ".join(["?"] * number)
