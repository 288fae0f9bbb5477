"""Claiming: one atomic statement that starts the lease, and the judgement of what may not be run any more."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
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

from beatd.brokerports import NO_RATES
from beatd.brokers.sqlrates import Tokens
from beatd.brokers.telling import tell_unrun
from beatd.core.ending import lost, revoked, unreadable
from beatd.core.limits.rate import Rate
from beatd.core.message import Delivery, Message
from beatd.core.states import Outcome
from beatd.errors import MalformedMessageError
from beatd.sqlkit import limits, schema
from beatd.sqlkit.dialect import best_of, chosen, constant, is_one_of
from beatd.sqlkit.messages import CLAIMED, DELAYED, READY, as_json
from beatd.sqlkit.statement import Statement

PROMOTED_AT_ONCE = 10_000
_ROUNDS = 100

_m, _p = schema.messages.c, limits.pauses.c
_ours = _m.namespace == bindparam("of_namespace")
_is_ready = _m.state == constant(READY)
_is_delayed = _m.state == constant(DELAYED)
_HEADERS = msgspec.json.Decoder(dict[str, Any])


def _due() -> Select[Any]:
    return (
        select(_m.seq).where(_ours, _is_delayed, _m.due <= bindparam("now")).order_by(_m.due).limit(bindparam("most"))
    )


_PROMOTE = Statement(lambda: update(schema.messages).where(chosen(_due())).values(state=constant(READY)))


def _claimable(is_asked_for: ColumnElement[bool]) -> Select[Any]:
    return select(
        or_(
            exists().where(_ours, _is_ready, is_asked_for),
            exists().where(_ours, _is_delayed, _m.due <= bindparam("now")),
        )
    )


_paused = select(_p.queue).where(_p.namespace == bindparam("of_namespace"))
_CLAIMABLE = Statement(lambda: _claimable(is_one_of(_m.queue, "queues", but=_paused)))
_CLAIMABLE_BEFORE_PAUSES = Statement(lambda: _claimable(is_one_of(_m.queue, "queues")))
_NEXT_DUE = Statement(lambda: select(func.min(_m.due)).where(_ours, _is_delayed))


def _first_of(queue: str) -> Select[Any]:
    return (
        select(_m.seq, _m.priority)
        .where(_ours, _is_ready, _m.queue == bindparam(queue))
        .order_by(_m.priority.desc(), _m.seq)
        .limit(bindparam("limit"))
    )


def _first_unless_paused(queue: str) -> Select[Any]:
    # Of no row: it is looked up once for each statement.
    return _first_of(queue).where(
        ~exists(select(_p.queue).where(_p.namespace == bindparam("of_namespace"), _p.queue == bindparam(queue)))
    )


def _claim(parts: list[Select[Any]]) -> Update:
    return (
        update(schema.messages)
        .where(best_of(parts, "limit"))
        .values(
            state=constant(CLAIMED),
            owner=bindparam("owner"),
            attempt=_m.attempt + literal_column("1"),
            claimed_at=bindparam("now"),
            lease_until=bindparam("until"),
        )
        .returning(schema.messages)
    )


_claims: dict[tuple[str, ...], Statement] = {}
_claims_before_pauses: dict[tuple[str, ...], Statement] = {}


def _claim_statement(queues: tuple[str, ...], *, pauses: bool) -> Statement:
    """Return the statement for so many queues; ``pauses``: the schema knows of them."""
    made, first = (_claims, _first_unless_paused) if pauses else (_claims_before_pauses, _first_of)
    return made.setdefault(queues, Statement(lambda: _claim([first(queue) for queue in queues])))


def claimable(connection: Connection, namespace: str, queues: Sequence[str], now: int, *, pauses: bool) -> bool:
    """Return whether a claim may find something; takes no lock. ``pauses``: the schema knows of them."""
    statement = _CLAIMABLE if pauses else _CLAIMABLE_BEFORE_PAUSES
    return bool(statement.value(connection, of_namespace=namespace, queues=as_json(queues), now=now))


def next_due(connection: Connection, namespace: str) -> int | None:
    """Return the moment at which the next delayed message becomes ready."""
    found: int | None = _NEXT_DUE.value(connection, of_namespace=namespace)
    return found


class Claim:
    """One claim, in the writer's transaction; ``rates``: None where the schema knows neither rates nor pauses."""

    def __init__(
        self, connection: Connection, namespace: str, now: int, max_deliveries: int, rates: Mapping[str, Rate] | None
    ) -> None:
        self._connection = connection
        self._namespace = namespace
        self._now = now
        self._max_deliveries = max_deliveries
        self._rates = rates or NO_RATES
        self._pauses = rates is not None
        self.over: list[tuple[Delivery, Outcome]] = []
        self.met_limits = False
        """Whether limited tasks were met: what is behind them is for another transaction."""

    def run(self, queues: Sequence[str], *, owner: str, limit: int, lease: int) -> list[Delivery]:
        """Take up to ``limit`` messages, best first; those that must not be run are in ``over``, to be settled."""
        _PROMOTE.change(self._connection, of_namespace=self._namespace, now=self._now, most=PROMOTED_AT_ONCE)
        names = {f"queue_{number}": queue for number, queue in enumerate(queues)}
        given = {"of_namespace": self._namespace, "owner": owner, "now": self._now, "until": self._now + lease}
        statement = _claim_statement(tuple(names), pauses=self._pauses)
        taken: list[Delivery] = []
        for _ in range(_ROUNDS):
            rows = statement.rows(self._connection, **given, **names, limit=limit - len(taken))
            rows.sort(key=lambda row: (-row.priority, row.seq))
            judged = [(row, self._judge(row)) for row in rows]
            self.over += [(_delivery(row, {}), outcome) for row, outcome in judged if outcome is not None]
            due = [row for row, outcome in judged if outcome is None]
            taken += filter(None, map(self._read, self._with_tokens(due) if self._rates else due))
            if not rows or len(taken) == limit or self.met_limits:
                break
        return taken

    def tell(self) -> None:
        """Log what was ended without a run; to be called after the transaction, whose lock must not wait for a log."""
        for delivery, outcome in self.over:
            tell_unrun(delivery, outcome)

    def _with_tokens(self, rows: list[Any]) -> list[Any]:
        """Return the messages that may run now: in one go, so that no transaction locks the rates twice."""
        limited = [row for row in rows if row.task in self._rates]
        if not limited:
            return rows
        given = {row.seq for row in Tokens(self._connection, self._namespace, self._now, self._rates).given(limited)}
        self.met_limits = True
        return [row for row in rows if row.task not in self._rates or row.seq in given]

    def _read(self, row: Any) -> Delivery | None:
        """Return what is to be run; None for what nobody can read, which is ``over``."""
        try:
            return _delivery(row, _headers(row.headers))
        except MalformedMessageError as error:
            self.over.append((_delivery(row, {}), unreadable(error)))
            return None

    def _judge(self, row: Any) -> Outcome | None:
        if row.revoked:
            return revoked("revoked")
        if row.expires is not None and row.expires <= self._now:
            return revoked("expired")
        deliveries = row.attempt - row.forgiven
        return lost(deliveries - 1) if deliveries > self._max_deliveries else None


def _headers(given: str) -> dict[str, Any]:
    """Return the headers of a row, which anybody may have written. Raises MalformedMessageError."""
    try:
        return _HEADERS.decode(given)
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedMessageError(f"the headers are no JSON object: {error}") from None


def _delivery(row: Any, headers: dict[str, Any]) -> Delivery:
    message = Message(
        id=row.id,
        task=row.task,
        queue=row.queue,
        headers=headers,
        body=row.body,
        content_type=row.content_type,
        content_encoding=row.content_encoding,
        priority=row.priority,
        due=row.due,
        expires=row.expires,
        entry=row.entry,
        fire_time=row.fire_time,
    )
    return Delivery(
        message=message,
        attempt=row.attempt,
        owner=row.owner,
        lease_until=row.lease_until,
        deliveries=row.attempt - row.forgiven,
    )
