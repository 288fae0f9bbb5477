"""What there was, in a SQL database: versions and their time, fires that were emitted and that were not."""

from typing import Any

from sqlalchemy import Select, bindparam, func, literal_column, or_, select

from beatd.core.entry import ROW, Tenure, Version
from beatd.core.record import Disposition, Reason
from beatd.ports import Clock
from beatd.sqlkit import schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import constant
from beatd.sqlkit.fires import EMITTED, TRIGGERED
from beatd.sqlkit.statement import Statement

_f, _d, _e, _n = schema.fires.c, schema.definitions.c, schema.entries.c, schema.namespaces.c
_ALL = (1 << 63) - 1
_former = schema.fires.alias("former")
_of_entry = (_f.namespace == bindparam("namespace"), _f.entry == bindparam("entry"))
_KEPT = Statement(lambda: select(_n.since, _n.history_from).where(_n.namespace == bindparam("namespace")))
_NAMES = Statement(
    lambda: (
        select(_e.name)
        .where(_e.namespace == bindparam("namespace"), _e.name > bindparam("after"))
        .order_by(_e.name)
        .limit(bindparam("limit"))
    )
)
_TENURES = Statement(
    lambda: (
        select(
            _d.name, _d.number, _d.changed_at, _d.fingerprint, _d.source, _d.entry, _d.error, _d.generation, _d.since
        )
        .where(_d.namespace == bindparam("namespace"), _d.name == bindparam("name"), _d.since.is_not(None))
        .order_by(_d.number)
    )
)
_EMITTED = Statement(
    lambda: (
        select(_f.first, _f.version)
        .where(
            *_of_entry,
            _f.first > bindparam("after"),
            _f.first <= bindparam("until"),
            _f.reason == constant(EMITTED),
        )
        .order_by(_f.first, _f.id)
        .limit(bindparam("limit"))
    )
)


def _ranges() -> Select[Any]:
    # What the schedule settled never overlaps: of what begins by then, only the newest can reach beyond ``after``.
    lowest = (
        select(_former.c.first)
        .where(
            _former.c.namespace == bindparam("namespace"),
            _former.c.entry == bindparam("entry"),
            _former.c.first <= bindparam("after"),
            _former.c.reason != constant(TRIGGERED),
        )
        .order_by(_former.c.first.desc())
        .limit(literal_column("1"))
        .scalar_subquery()
    )
    return (
        select(_f.generation, _f.version, _f.reason, _f.first, _f.last, _f.count, _f.note)
        .where(
            *_of_entry,
            _f.first >= func.coalesce(lowest, bindparam("after")),
            or_(_f.last > bindparam("after"), _f.last.is_(None)),
            _f.first <= bindparam("until"),
            _f.reason.not_in((constant(EMITTED), constant(TRIGGERED))),
        )
        .order_by(_f.first, _f.id)
        .limit(bindparam("limit"))
    )


_RANGES = Statement(_ranges)


class SqlPast:
    """The port ``Past``."""

    def __init__(self, db: Database, namespace: str, clock: Clock) -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock

    def kept_since(self) -> int:
        """Return the moment from which on nothing of the history was deleted; without a state, now."""
        with self._db.read() as connection:
            row = _KEPT.row(connection, namespace=self._namespace)
        return self._clock.now() if row is None else max(row.since, row.history_from or 0)

    def names(self, after: str, limit: int) -> list[str]:
        """Return the next names that have a record."""
        with self._db.read() as connection:
            return [row[0] for row in _NAMES.rows(connection, namespace=self._namespace, after=after, limit=limit)]

    def tenures(self, name: str) -> list[Tenure]:
        """Return the versions of a name that were taken in, in the order in which they ruled."""
        with self._db.read() as connection:
            rows = _TENURES.rows(connection, namespace=self._namespace, name=name)
        return [_tenure(row) for row in rows]

    def emitted(self, name: str, after: int, until: int, limit: int) -> list[tuple[int, int]]:
        """Return (fire time, version) of what the schedule emitted, the oldest first, all of a fire time or none."""
        given: dict[str, Any] = {"namespace": self._namespace, "entry": name, "after": after}
        with self._db.read() as connection:
            rows = _EMITTED.rows(connection, **given, until=until, limit=limit)
            if len(rows) == limit:
                last = rows[-1].first
                whole = [row for row in rows if row.first < last]
                # A fire time that fills a page by itself is read whole, however often it is there.
                rows = whole or _EMITTED.rows(connection, **given, until=last, limit=_ALL)
        return [(row.first, row.version) for row in rows]

    def dispositions(self, name: str, after: int, until: int, limit: int) -> list[Disposition]:
        """Return the ranges that end after ``after`` and begin by ``until``, the oldest first."""
        with self._db.read() as connection:
            rows = _RANGES.rows(
                connection, namespace=self._namespace, entry=name, after=after, until=until, limit=limit
            )
        return [
            Disposition(name, row.generation, row.version, Reason(row.reason), row.first, row.last, row.count, row.note)
            for row in rows
        ]


def _tenure(row: Any) -> Tenure:
    if row.source == ROW:
        return Tenure.of_row(row.name, row.number, row.fingerprint, row.generation, row.since)
    return Tenure(version=Version.stored(*row[:7]), generation=row.generation, since=row.since)
