"""History in a SQL database: fires joined with what became of their messages."""

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
    )
    .select_from(schema.fires)
    .outerjoin(schema.results, and_(_r.namespace == _f.namespace, _r.message_id == _f.message_id))
    .outerjoin(schema.messages, and_(_m.namespace == _f.namespace, _m.id == _f.message_id))
    .outerjoin(schema.definitions, _quarantined)
    .order_by(_f.first.desc(), _f.id.desc())
)


class SqlHistory:
    """The port ``History``."""

    def __init__(self, db: Database, namespace: str, clock: Clock) -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock

    def runs(
        self, *, entry: str | None = None, state: str | None = None, limit: int = 50, before: int | None = None
    ) -> list[Run]:
        """Return the newest runs first."""
        # A range that held no fire when it was closed (a pause between two fires) is nothing that happened to a fire.
        held_some = or_(_f.count.is_(None), _f.count > literal_column("0"))
        query: Select[Any] = _RUNS.where(_f.namespace == self._namespace, through(_f.id), held_some).limit(limit)
        if entry is not None:
            query = query.where(_f.entry == entry)
        if before is not None:
            query = query.where(_f.first < before)
        if state is not None:
            query = query.where(_state() == state)
        with self._db.read() as connection:
            return [Run(**row) for row in connection.execute(query).mappings()]

    def prune(self, *, before: int, most: int, limit: int = 1000) -> int:
        """Delete at most ``limit`` rows: old history, versions no longer needed, old tombstones; return how many."""
        prune = sqlprune.Prune(self._db, self._namespace, self._clock.now())
        return prune.run(before=before, most=most, limit=limit)
