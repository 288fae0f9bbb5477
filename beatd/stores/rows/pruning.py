"""The log cut short: what it has of rows that everybody is done with."""

from collections.abc import Callable
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, func, select

from beatd.sqlkit import schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.rows import drop_lines
from beatd.sqlkit.statement import Statement, parts
from beatd.stores.rows import reading
from beatd.stores.rows.marks import MOST

AT_ONCE = 500
"""Lines deleted in one transaction."""

_LOOKED_AT = 4
"""How many lines are looked at for each that may be deleted."""

TakenIn = Callable[[str], int | None]

_c = schema.changes.c
_OLD = Statement(
    lambda: (
        select(_c.seq, _c.kind, _c.name, _c.op, _c.changed_at)
        .where(
            _c.namespace == bindparam("namespace"),
            _c.seq > bindparam("after"),
            _c.seq < select(func.max(_c.seq)).scalar_subquery(),
        )
        .order_by(_c.seq)
        .limit(bindparam("most"))
    )
)


class Pruning:
    """Goes through the log, a part with each call."""

    def __init__(self, db: Database, namespace: str) -> None:
        self._db = db
        self._namespace = namespace
        self._pruned_to = 0

    def prune(self, before: int, limit: int, taken_in: TakenIn) -> int:
        """Delete at most ``limit`` lines that ended before a moment and that nobody needs; return how many.

        The newest line of all stays: by it a mark is told from that of a database that went back.
        """
        most = limit * _LOOKED_AT
        with self._db.read() as connection:
            lines = _OLD.rows(connection, namespace=self._namespace, after=self._pruned_to, most=most)
        old = [line for line in lines if line.changed_at < before]
        needs = _Needs(self._db, self._namespace, taken_in)
        found = list(islice((line.seq for line in old if not needs.line(line)), limit))
        full, ended = len(found) == limit, len(lines) < most or len(old) < len(lines)
        self._pruned_to = found[-1] if full else 0 if ended else lines[-1].seq
        deleted = 0
        for part in parts(found, AT_ONCE):
            with self._db.write() as connection:
                deleted += drop_lines(connection, part)
        return deleted


class _Needs:
    """Who needs a line of the log, as far as is known now."""

    def __init__(self, db: Database, namespace: str, taken_in: TakenIn) -> None:
        self._db = db
        self._namespace = namespace
        self._taken_in = taken_in
        self._naming: dict[str, list[tuple[str, int]]] = {}

    def line(self, line: Any) -> bool:
        """Return whether somebody has not taken in yet what came after it."""
        if line.kind == "calendar":
            return self._calendar(line.name, line.changed_at)
        # That a row came tells nothing that it does not tell itself.
        return line.op != "insert" and not self._has_taken_in(line.name, line.changed_at, otherwise=False)

    def _calendar(self, calendar: str, number: int) -> bool:
        """Return whether a row that names it has not taken this change in, unless it came after it."""
        found = self._naming.get(calendar)
        if found is None:
            with self._db.read() as connection:
                found = reading.naming(connection, self._namespace, {calendar}, MOST + 1)
            self._naming[calendar] = found
        return len(found) > MOST or not all(
            self._has_taken_in(name, number, otherwise=changed_at >= number) for name, changed_at in found
        )

    def _has_taken_in(self, name: str, number: int, *, otherwise: bool) -> bool:
        known = self._taken_in(name)
        return otherwise if known is None else known >= number
