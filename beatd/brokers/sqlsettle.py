"""Settling deliveries in one transaction: the message's end, its outcome, and what that does to its entry."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, literal_column, text, update

from beatd.brokers.telling import tell_paused
from beatd.core.ending import ending_of
from beatd.core.message import Delivery
from beatd.core.record import Item
from beatd.core.states import Outcome, Verdict
from beatd.sqlkit import outcomes, schema
from beatd.sqlkit.dialect import Variants, constant, upsert_after
from beatd.sqlkit.ending import Ends
from beatd.sqlkit.messages import CLAIMED, DEAD, DELAYED, READY, as_json
from beatd.sqlkit.statement import Statement

_m = schema.messages.c
_is_held = (
    _m.namespace == bindparam("of_namespace"),
    _m.state == constant(CLAIMED),
    _m.id == bindparam("of_id"),
    _m.owner == bindparam("of_owner"),
    _m.attempt == bindparam("of_attempt"),
)
_DONE = Statement(lambda: delete(schema.messages).where(*_is_held))
_DONE_AND_STORED = Statement(
    lambda: upsert_after(delete(schema.messages).where(*_is_held), schema.results, outcomes.COLUMNS)
)
# Locked in the order in which they are given, and looked up one by one: a young table has no statistics to join by.
_ALL_DONE: Variants = {
    "sqlite": lambda: text(
        "DELETE FROM beatd_messages WHERE namespace = :of_namespace AND state = 'claimed' AND id = :of_id "
        "AND owner = :of_owner AND attempt = :of_attempt RETURNING id"
    ),
    "postgresql": lambda: text(
        "DELETE FROM beatd_messages WHERE ctid = ANY(ARRAY(SELECT (SELECT m.ctid FROM beatd_messages m "
        "WHERE m.namespace = f.namespace AND m.state = 'claimed' AND m.id = f.id AND m.owner = f.owner "
        "AND m.attempt = f.attempt FOR UPDATE) FROM unnest(CAST(:of_namespace AS text[]), CAST(:of_id AS text[]), "
        "CAST(:of_owner AS text[]), CAST(:of_attempt AS bigint[])) AS f(namespace, id, owner, attempt))) RETURNING id"
    ),
}
_END_ALL = Statement(lambda: _ALL_DONE)
_RETRY = Statement(
    lambda: (
        update(schema.messages)
        .where(*_is_held)
        .values(
            state=case((bindparam("due") > bindparam("now"), constant(DELAYED)), else_=constant(READY)),
            due=bindparam("due"),
            headers=bindparam("headers"),
            reason=None,
            forgiven=_m.forgiven + literal_column("1"),
            owner=None,
            lease_until=None,
        )
    )
)
_DEAD = Statement(
    lambda: (
        update(schema.messages)
        .where(*_is_held)
        .values(state=constant(DEAD), reason=bindparam("reason"), owner=None, lease_until=None)
    )
)

Settled = tuple[Delivery, Outcome]


def outcome_row(settled: Settled, namespace: str, now: int) -> dict[str, Any] | None:
    """Return the outcome as a row, None where nobody will ask for it. Raises TypeError for a result that is no JSON."""
    message, outcome = settled[0].message, settled[1]
    return outcomes.row_of(
        outcome,
        namespace,
        now,
        message_id=message.id,
        task=message.task,
        entry=message.entry,
        fire_time=message.fire_time,
    )


def end_at_once(connection: Connection, namespace: str, delivery: Delivery, row: dict[str, Any] | None) -> bool:
    """Do in one statement of a server's what most settlements are: delete the message, store what came of it.

    False, and nothing done, where it is not its owner's any more, or was settled before its run.
    """
    held = _held_by(delivery, namespace)
    if row is None:
        return _DONE.change(connection, **held) == 1
    return _DONE_AND_STORED.change(connection, **held, **row) == 1


def end_all(
    connection: Connection, namespace: str, ended: Sequence[tuple[Delivery, dict[str, Any] | None]]
) -> set[str]:
    """Do it for many deliveries, each with its row; return the ids of those that were still their owner's."""
    in_order = sorted(ended, key=lambda each: each[0].message.id)
    ids = set(_END_ALL.gather(connection, [_held_by(delivery, namespace) for delivery, _ in in_order]))
    rows = [row for delivery, row in in_order if row is not None and delivery.message.id in ids]
    outcomes.store_all(connection, rows)
    return ids


def _held_by(delivery: Delivery, namespace: str) -> dict[str, Any]:
    return {
        "of_namespace": namespace,
        "of_id": delivery.message.id,
        "of_owner": delivery.owner,
        "of_attempt": delivery.attempt,
    }


class Settlement:
    """The deliveries that are settled in one transaction, in order of their ids; ``ends``: of the entries of all."""

    def __init__(self, connection: Connection, namespace: str, now: int, ends: Ends) -> None:
        self._connection = connection
        self._namespace = namespace
        self._now = now
        self._ends = ends
        self._told: list[Item] = []

    def settle(self, settled: Settled, row: dict[str, Any] | None) -> bool:
        """End a delivery; False, and nothing done, where it is no longer its owner's."""
        delivery, outcome = settled
        started_by = (self._connection, self._namespace, delivery.message.id, delivery.owner)
        if not (self._end(delivery, outcome) or outcomes.was_started_by(*started_by)):
            return False
        outcomes.store(self._connection, row)
        ending = ending_of(delivery, outcome)
        item = None if ending is None else self._ends.tell(ending)
        if item is not None:
            self._told.append(item)
        return True

    def tell(self) -> None:
        """Log what it did to entries; to be called after the transaction, whose lock must not wait for a log."""
        for item in self._told:
            tell_paused(item)

    def _end(self, delivery: Delivery, outcome: Outcome) -> bool:
        held = _held_by(delivery, self._namespace)
        if outcome.verdict is Verdict.DONE:
            return _DONE.change(self._connection, **held) == 1
        if outcome.verdict is Verdict.DEAD:
            return _DEAD.change(self._connection, **held, reason=outcome.reason) == 1
        headers = delivery.message.headers
        raised = {**headers, "retries": int(headers.get("retries") or 0) + 1}
        retry = {"due": self._now + (outcome.retry_in or 0), "now": self._now, "headers": as_json(raised)}
        return _RETRY.change(self._connection, **held, **retry) == 1
