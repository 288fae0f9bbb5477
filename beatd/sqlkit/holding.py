"""Messages held behind the unfinished one of their entry."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, case, select, union_all, update

from beatd.core.overlap import TIMED_OUT
from beatd.core.record import Sent
from beatd.core.states import State
from beatd.sqlkit import schema
from beatd.sqlkit.dialect import constant, is_one_of
from beatd.sqlkit.messages import DEAD, DELAYED, HELD, READY, as_json
from beatd.sqlkit.statement import Statement

_m, _r, _f = schema.messages.c, schema.results.c, schema.fires.c
_RELEASE = Statement(
    lambda: (
        update(schema.messages)
        .where(_m.namespace == bindparam("of_namespace"), _m.id == bindparam("of_id"), _m.state == constant(HELD))
        .values(state=case((_m.due > bindparam("now"), constant(DELAYED)), else_=constant(READY)))
    )
)
# With acks = "early" a message is gone while it runs, and its outcome says that it was started.
_UNFINISHED = Statement(
    lambda: union_all(
        select(_m.id).where(
            _m.namespace == bindparam("namespace"), is_one_of(_m.id, "ids"), _m.state != constant(DEAD)
        ),
        select(_r.message_id).where(
            _r.namespace == bindparam("namespace"), is_one_of(_r.message_id, "ids"), _r.state == constant(State.STARTED)
        ),
    )
)
_NOTE = Statement(
    lambda: (
        update(schema.fires)
        .where(
            _f.namespace == bindparam("of_namespace"),
            _f.entry == bindparam("of_entry"),
            _f.first == bindparam("of_first"),
            _f.message_id == bindparam("of_message_id"),
        )
        .values(note=bindparam("note"))
    )
)


def release(connection: Connection, namespace: str, ids: Iterable[str], now: int) -> None:
    """Put held messages into their queues."""
    _RELEASE.many(connection, [{"of_namespace": namespace, "of_id": each, "now": now} for each in sorted(ids)])


def unfinished(connection: Connection, namespace: str, ids: Sequence[str]) -> set[str]:
    """Return those that wait or run."""
    if not ids:
        return set()
    return {row[0] for row in _UNFINISHED.rows(connection, namespace=namespace, ids=as_json(ids))}


def note_timed_out(connection: Connection, namespace: str, timed_out: Iterable[tuple[str, Sent]]) -> None:
    """Put on record, by entry, that a message is not waited for any longer."""
    rows = [
        {
            "of_namespace": namespace,
            "of_entry": entry,
            "of_first": sent.fire_time,
            "of_message_id": sent.id,
            "note": TIMED_OUT,
        }
        for entry, sent in timed_out
    ]
    _NOTE.many(connection, rows)
