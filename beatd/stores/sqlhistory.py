"""History in a SQL database: fires joined with what became of their messages."""

import re
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal_column, null, or_, select

from beatd.core.record import Reason
from beatd.ports import Clock, Run
from beatd.sqlkit import schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import through
from beatd.sqlkit.fires import EMITTED
from beatd.sqlkit.messages import CLAIMED, DEAD, HELD
from beatd.stores import sqlprune

_CURSOR = re.compile(r"(-?\d{1,18})-(\d{1,18})")

_f, _m, _r, _d = schema.fires.c, schema.messages.c, schema.results.c, schema.definitions.c


def _state() -> ColumnElement[Any]:
    return case(
        (_f.message_id.is_(None), _f.reason),
        (_m.state == DEAD, "dead"),
        (_m.state == CLAIMED, "started"),
        (_m.state == HELD, "held"),
        (_r.state.is_not(None), func.lower(_r.state)),
        (_f.state.is_not(None), _f.state),
        else_=EMITTED,
    )


_started_at = case((_m.state == CLAIMED, _m.claimed_at), else_=func.coalesce(_r.started_at, _f.started_at))
_finished_at = case((_m.state == CLAIMED, null()), else_=func.coalesce(_r.finished_at, _f.finished_at))
# What is wrong with a definition stands with it alone, however many ranges it was quarantined for.
_quarantined = and_(
    _f.reason == Reason.QUARANTINED.value,
    _d.namespace == _f.namespace,
    _d.name == _f.entry,
    _d.number == _f.version,
)
_RUNS = (
    select(
        _f.entry,
        _f.first.label("fire_time"),
        _state().label("state"),
        _f.last,
        _f.count,
        _f.message_id,
        case((_f.message_id.is_not(None), _f.written_at), else_=null()).label("emitted_at"),
        _started_at.label("started_at"),
        _finished_at.label("finished_at"),
        func.coalesce(_m.reason, _r.reason, _f.note, _d.error).label("reason"),
        _f.task,
        _f.id,
    )
    .select_from(schema.fires)
    .outerjoin(schema.results, and_(_r.namespace == _f.namespace, _r.message_id == _f.message_id))
    .outerjoin(schema.messages, and_(_m.namespace == _f.namespace, _m.id == _f.message_id))
    .outerjoin(schema.definitions, _quarantined)
    .order_by(_f.first.desc(), _f.id.desc())
)


def _place(cursor: str) -> tuple[int, int]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise ValueError(f"{cursor!r} is no cursor")
    return int(found[1]), int(found[2])


def _run(row: Any) -> Run:
    fields = row._asdict()
    place = fields.pop("id")
    return Run(**fields, cursor=f"{row.fire_time}-{place}")


class SqlHistory:
    """The port ``History``."""

    def __init__(self, db: Database, namespace: str, clock: Clock) -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock
        self._prune = sqlprune.Prune(db, namespace)

    def runs(  # noqa: PLR0913  one keyword for each way to narrow
        self,
        *,
        entry: str | None = None,
        task: str | None = None,
        state: str | None = None,
        since: int | None = None,
        until: int | None = None,
        message_id: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Run]:
        """Return the newest runs first; a cursor is ``MOMENT-ROW``."""
        # A range that held no fire when it was closed (a pause between two fires) is nothing that happened to a fire.
        held_some = or_(_f.count.is_(None), _f.count > literal_column("0"))
        query: Select[Any] = _RUNS.where(_f.namespace == self._namespace, through(_f.id), held_some).limit(limit)
        for column, value in ((_f.entry, entry), (_f.task, task), (_f.message_id, message_id), (_state(), state)):
            if value is not None:
                query = query.where(column == value)
        if state in set(Reason):
            # Follows from the state, which takes three tables to tell.
            query = query.where(_f.reason == state)
        if since is not None:
            query = query.where(_f.first >= since)
        if until is not None:
            query = query.where(_f.first < until)
        if before is not None:
            first, row = _place(before)
            query = query.where(_f.first <= first, or_(_f.first < first, _f.id < row))
        with self._db.read() as connection:
            return [_run(row) for row in connection.execute(query)]

    def prune(self, *, before: int, most: int, limit: int = 1000) -> int:
        """Delete at most ``limit`` rows: old history, versions no longer needed, old tombstones; return how many."""
        return self._prune.run(self._clock.now(), before=before, most=most, limit=limit)
