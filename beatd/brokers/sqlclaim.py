"""Claiming: one atomic statement that starts the lease, and the judgement of what may not be run any more."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Select,
    Update,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from beatd.brokers.telling import tell_unrun
from beatd.core.ending import lost, revoked
from beatd.core.message import Delivery, Message
from beatd.core.states import Outcome
from beatd.sqlkit import schema
from beatd.sqlkit.dialect import best_of, chosen, constant, is_one_of
from beatd.sqlkit.messages import CLAIMED, DELAYED, READY, as_json
from beatd.sqlkit.statement import Statement

PROMOTED_AT_ONCE = 10_000
_ROUNDS = 100

_m = schema.messages.c
_ours = _m.namespace == bindparam("of_namespace")
_is_ready = _m.state == constant(READY)
_is_delayed = _m.state == constant(DELAYED)
_HEADERS = msgspec.json.Decoder(dict[str, Any])


def _due() -> Select[Any]:
    return (
        select(_m.seq).where(_ours, _is_delayed, _m.due <= bindparam("now")).order_by(_m.due).limit(bindparam("most"))
    )


_PROMOTE = Statement(lambda: update(schema.messages).where(chosen(_due())).values(state=constant(READY)))
_CLAIMABLE = Statement(
    lambda: select(
        or_(
            exists().where(_ours, _is_ready, is_one_of(_m.queue, "queues")),
            exists().where(_ours, _is_delayed, _m.due <= bindparam("now")),
        )
    )
)
_NEXT_DUE = Statement(lambda: select(func.min(_m.due)).where(_ours, _is_delayed))


def _first_of(number: int) -> Select[Any]:
    return (
        select(_m.seq, _m.priority)
        .where(_ours, _is_ready, _m.queue == bindparam(f"queue_{number}"))
        .order_by(_m.priority.desc(), _m.seq)
        .limit(bindparam("limit"))
    )


def _claim(queues: int) -> Update:
    return (
        update(schema.messages)
        .where(best_of([_first_of(number) for number in range(queues)], "limit"))
        .values(
            state=constant(CLAIMED),
            owner=bindparam("owner"),
            attempt=_m.attempt + literal_column("1"),
            claimed_at=bindparam("now"),
            lease_until=bindparam("until"),
        )
        .returning(schema.messages)
    )


_claims: dict[int, Statement] = {}


def _claim_statement(queues: int) -> Statement:
    return _claims.setdefault(queues, Statement(lambda: _claim(queues)))


def claimable(connection: Connection, namespace: str, queues: Sequence[str], now: int) -> bool:
    """Return whether a claim may find something; takes no lock."""
    return bool(_CLAIMABLE.value(connection, of_namespace=namespace, queues=as_json(queues), now=now))


def next_due(connection: Connection, namespace: str) -> int | None:
    """Return the moment at which the next delayed message becomes ready."""
    found: int | None = _NEXT_DUE.value(connection, of_namespace=namespace)
    return found


class Claim:
    """One claim, in the writer's transaction."""

    def __init__(self, connection: Connection, namespace: str, now: int, max_deliveries: int) -> None:
        self._connection = connection
        self._namespace = namespace
        self._now = now
        self._max_deliveries = max_deliveries
        self.over: list[tuple[Delivery, Outcome]] = []

    def run(self, queues: Sequence[str], *, owner: str, limit: int, lease: int) -> list[Delivery]:
        """Take up to ``limit`` messages, best first; those that must not be run are in ``over``, to be settled."""
        _PROMOTE.change(self._connection, of_namespace=self._namespace, now=self._now, most=PROMOTED_AT_ONCE)
        names = {f"queue_{number}": queue for number, queue in enumerate(queues)}
        given = {"of_namespace": self._namespace, "owner": owner, "now": self._now, "until": self._now + lease}
        statement = _claim_statement(len(names))
        taken: list[Delivery] = []
        for _ in range(_ROUNDS):
            rows = statement.rows(self._connection, **given, **names, limit=limit - len(taken))
            rows.sort(key=lambda row: (-row.priority, row.seq))
            for row in rows:
                outcome = self._judge(row)
                if outcome is None:
                    taken.append(_delivery(row))
                else:
                    self.over.append((_delivery(row), outcome))
            if not rows or len(taken) == limit:
                break
        return taken

    def tell(self) -> None:
        """Log what was ended without a run; to be called after the transaction, whose lock must not wait for a log."""
        for delivery, outcome in self.over:
            tell_unrun(delivery, outcome)

    def _judge(self, row: Any) -> Outcome | None:
        if row.revoked:
            return revoked("revoked")
        if row.expires is not None and row.expires <= self._now:
            return revoked("expired")
        deliveries = row.attempt - row.forgiven
        return lost(deliveries - 1) if deliveries > self._max_deliveries else None


def _delivery(row: Any) -> Delivery:
    message = Message(
        id=row.id,
        task=row.task,
        queue=row.queue,
        headers=_HEADERS.decode(row.headers),
        body=row.body,
        content_type=row.content_type,
        content_encoding=row.content_encoding,
        priority=row.priority,
        due=row.due,
        expires=row.expires,
        entry=row.entry,
        fire_time=row.fire_time,
    )
    return Delivery(message=message, attempt=row.attempt, owner=row.owner, lease_until=row.lease_until)
