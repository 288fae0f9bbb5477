"""History as rows: what became of every fire."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, update

from beatd.core.message import Message
from beatd.core.record import Disposition
from beatd.sqlkit import schema
from beatd.sqlkit.dialect import insert_all
from beatd.sqlkit.statement import Statement

EMITTED, TRIGGERED, BACKFILLED = "emitted", "triggered", "backfilled"

_f = schema.fires.c
_LATER = frozenset(("id", "state", "started_at", "finished_at"))
_COLUMNS = [column.name for column in schema.fires.columns if column.name not in _LATER]
_INSERT = Statement(lambda: insert_all(schema.fires, _COLUMNS))
_CLOSE = Statement(
    lambda: (
        update(schema.fires)
        .where(
            _f.namespace == bindparam("of_namespace"),
            _f.entry == bindparam("of_entry"),
            _f.generation == bindparam("of_generation"),
            _f.reason == bindparam("of_reason"),
            _f.first == bindparam("of_first"),
            _f.last.is_(None),
        )
        .values(last=bindparam("last"), count=bindparam("count"))
    )
)

Row = dict[str, Any]


def insert(connection: Connection, rows: Sequence[Row]) -> None:
    """Add rows of history."""
    _INSERT.many(connection, rows)


def close(connection: Connection, namespace: str, closed: Disposition, now: int) -> None:
    """Close the open range of an entry; one whose beginning is no longer on record is added whole."""
    changed = _CLOSE.change(
        connection,
        of_namespace=namespace,
        of_entry=closed.entry,
        of_generation=closed.generation,
        of_reason=closed.reason.value,
        of_first=closed.first,
        last=closed.last,
        count=closed.count,
    )
    if changed == 0:
        insert(connection, [of_disposition(closed, namespace, now)])


def of_disposition(disposition: Disposition, namespace: str, now: int) -> Row:
    """Return the row of fires that were not emitted."""
    return {
        "namespace": namespace,
        "entry": disposition.entry,
        "generation": disposition.generation,
        "version": disposition.version,
        "reason": disposition.reason.value,
        "first": disposition.first,
        "last": disposition.last,
        "count": disposition.count,
        "message_id": None,
        "task": None,
        "written_at": now,
        "note": disposition.note,
    }


def of_message(
    message: Message, namespace: str, now: int, *, reason: str, generation: int = 0, version: int = 0
) -> Row:
    """Return the row of a message that was sent for an entry."""
    return {
        "namespace": namespace,
        "entry": message.entry,
        "generation": generation,
        "version": version,
        "reason": reason,
        "first": message.fire_time,
        "last": message.fire_time,
        "count": 1,
        "message_id": message.id,
        "task": message.task,
        "written_at": now,
        "note": None,
    }
