"""A record as a row of beatd_entries: read and written by the scheduler's step, and by whatever ends a message."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, literal_column, or_, select

from beatd.core.record import Backlog, Pause, Reason, Record, Sent, Tracking
from beatd.sqlkit import schema
from beatd.sqlkit.database import Alone
from beatd.sqlkit.dialect import is_one_of, upsert
from beatd.sqlkit.messages import as_json
from beatd.sqlkit.statement import Statement

COLUMNS = tuple(column.name for column in schema.entries.columns)
_TRACKING = frozenset(
    (
        "unfinished_id",
        "unfinished_fire_time",
        "unfinished_since",
        "held_id",
        "held_fire_time",
        "held_since",
        "failures",
        "pause_after",
    )
)

_e = schema.entries.c
_OF_NAMES = Statement(
    lambda: (
        select(schema.entries)
        .where(_e.namespace == bindparam("namespace"), is_one_of(_e.name, "names"))
        .order_by(_e.name)
    )
)
_TRACKED_OF_NAME = Statement(
    lambda: (
        select(schema.entries)
        .where(_e.namespace == bindparam("namespace"), _e.name == bindparam("name"), is_tracked())
        .with_for_update()
    )
)
_ARE_TRACKED = Statement(
    lambda: select(_e.name).where(_e.namespace == bindparam("namespace"), is_one_of(_e.name, "names"), is_tracked())
)
_NEWEST_NOTICE = Statement(
    lambda: (
        select(_e.noticed_at)
        .where(_e.namespace == bindparam("namespace"), literal_column("noticed_at > 0"))
        .order_by(_e.noticed_at.desc())
        .limit(literal_column("1"))
    )
)
_PLAIN = tuple(name for name in COLUMNS if name not in _TRACKING)
_WRITE_PLAIN = Statement(lambda: upsert(schema.entries, _PLAIN, larger=("noticed_at",)))
_WRITE_WHOLE = Statement(lambda: upsert(schema.entries, COLUMNS, larger=("noticed_at",)))


def is_tracked() -> ColumnElement[bool]:
    """Return whether a row has anything in the columns of ``Tracking``."""
    return or_(_e.unfinished_id.is_not(None), _e.failures > literal_column("0"), _e.pause_after > literal_column("0"))


def read(connection: Connection, namespace: str, names: Sequence[str]) -> list[Any]:
    """Read the rows of these names, in order of name."""
    return _OF_NAMES.rows(connection, namespace=namespace, names=as_json(names))


def tracked(connection: Connection, namespace: str, names: Collection[str]) -> list[str]:
    """Return those of these names whose rows a message's end may change; takes no lock."""
    return [row.name for row in _ARE_TRACKED.rows(connection, namespace=namespace, names=as_json(list(names)))]


def lock_tracked(connection: Connection, namespace: str, names: Iterable[str]) -> list[Any]:
    """Read, and keep others from, those of these rows that a message's end may change, in order of name."""
    found = []
    for name in sorted(set(names)):
        found += _TRACKED_OF_NAME.rows(connection, namespace=namespace, name=name)
    return found


def write(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows over those of the same names; what ``row_of`` left out stays as it is."""
    plain: list[dict[str, Any]] = []
    whole: list[dict[str, Any]] = []
    for row in rows:
        (whole if len(row) == len(COLUMNS) else plain).append(row)
    _WRITE_PLAIN.many(connection, plain)
    _WRITE_WHOLE.many(connection, whole)


def noticing(namespace: str) -> Alone:
    """Return what a transaction with a mark of notice is to be alone in, before it locks anything.

    Marks must be committed in their order, or whoever reads between two never sees the lower one.
    """
    return "step", namespace


def next_notice(connection: Connection, namespace: str, now: int) -> int:
    """Return the mark of a change that schedulers are to notice; for a transaction that is alone in ``noticing``."""
    # Not the clock alone: it may stand still or step back, and a notice must not be passed over.
    return max(now, (_NEWEST_NOTICE.value(connection, namespace=namespace) or 0) + 1)


def record_of(row: Any) -> Record:
    """Return the record that a row holds."""
    backlog = None if row.backlog_found_at is None else Backlog(row.backlog_found_at, row.backlog_up_to)
    pause = None if row.paused_at is None else Pause(row.paused_by, row.paused_at, row.pause_note)
    return Record(
        seq=row.seq,
        generation=row.generation,
        version=row.version,
        fingerprint=row.fingerprint,
        since=row.since,
        cursor=row.cursor,
        runs=row.runs,
        open=None if row.open is None else Reason(row.open),
        backlog=backlog,
        pause=pause,
        removed=bool(row.removed),
        tracking=_tracking_of(row),
    )


def row_of(name: str, record: Record, namespace: str, noticed_at: int, *, tracked: bool = False) -> dict[str, Any]:
    """Return the row that holds a record; ``tracked``: the row before it was.

    Where neither is, the columns of ``Tracking`` are left out: most entries ask for nothing.
    """
    backlog, pause = record.backlog, record.pause
    return {
        "namespace": namespace,
        "name": name,
        "seq": record.seq,
        "generation": record.generation,
        "version": record.version,
        "fingerprint": record.fingerprint,
        "since": record.since,
        "cursor": record.cursor,
        "runs": record.runs,
        "open": None if record.open is None else record.open.value,
        "backlog_found_at": None if backlog is None else backlog.found_at,
        "backlog_up_to": None if backlog is None else backlog.up_to,
        "paused_by": None if pause is None else pause.by,
        "paused_at": None if pause is None else pause.at,
        "pause_note": None if pause is None else pause.note,
        "removed": int(record.removed),
        "noticed_at": noticed_at,
        **(_tracked(record.tracking or Tracking()) if tracked or record.tracking is not None else {}),
    }


def _tracking_of(row: Any) -> Tracking | None:
    if row.unfinished_id is None and not row.failures and not row.pause_after:
        return None
    return Tracking(
        unfinished=_sent(row.unfinished_id, row.unfinished_fire_time, row.unfinished_since),
        held=_sent(row.held_id, row.held_fire_time, row.held_since),
        failures=row.failures,
        pause_after=row.pause_after,
    )


def _sent(message_id: str | None, fire_time: int, since: int) -> Sent | None:
    return None if message_id is None else Sent(message_id, fire_time, since)


def _tracked(tracking: Tracking) -> dict[str, Any]:
    found: dict[str, Any] = {"failures": tracking.failures, "pause_after": tracking.pause_after}
    for word, sent in (("unfinished", tracking.unfinished), ("held", tracking.held)):
        found[f"{word}_id"] = sent and sent.id
        found[f"{word}_fire_time"] = sent and sent.fire_time
        found[f"{word}_since"] = sent and sent.since
    return found
