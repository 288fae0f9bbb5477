"""Receiving from a SQL database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, bindparam, exists, select, update

from beatd.brokerports import NO_RATES
from beatd.brokers import sqlclaim
from beatd.brokers.sqlsettle import Settled, Settlement, end_all, end_at_once, outcome_row
from beatd.brokers.telling import tell_not_limited
from beatd.core.ending import ending_of
from beatd.core.entry import SECOND
from beatd.core.limits.rate import Rate
from beatd.core.message import Delivery, Message, require_sizes
from beatd.core.states import Outcome, Verdict
from beatd.ports import Clock
from beatd.sqlkit import messages, outcomes, schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import chosen, constant, in_order_of, is_one_of
from beatd.sqlkit.ending import ending
from beatd.sqlkit.messages import CLAIMED, READY, as_json
from beatd.sqlkit.since import Since
from beatd.sqlkit.statement import Statement

_EVER = (1 << 63) - 1
_MOST_HELD = 16
_ROUNDS = 100
_SHORTEST, _LONGEST, _QUIET = 0.005, 0.050, 1.0

_m = schema.messages.c
_is_claimed = (_m.namespace == bindparam("of_namespace"), _m.state == constant(CLAIMED))
_ANY_CLAIMED = Statement(lambda: select(exists().where(*_is_claimed)))


def _claimed(*conditions: Any) -> Select[Any]:
    # By id, as all who lock several messages do.
    return select(_m.seq).where(*_is_claimed, *conditions).order_by(in_order_of(_m.id))


# What another holds just now is being settled, or put back: passed over, so that nothing waits for it.
_RENEW = Statement(
    lambda: (
        update(schema.messages)
        .where(chosen(_claimed(is_one_of(_m.owner, "owners"))))
        .values(lease_until=bindparam("until"))
    )
)


def _put_back(*conditions: Any, wait: bool = True) -> Any:
    return (
        update(schema.messages)
        .where(chosen(_claimed(*conditions), wait=wait))
        .values(state=constant(READY), owner=None, lease_until=None, forgiven=_m.forgiven + bindparam("forgiven"))
    )


_of_owner = (_m.owner == bindparam("of_owner"), _m.claimed_at < bindparam("before"))
_RELEASE_ALL = Statement(lambda: _put_back(*_of_owner))
_RELEASE = Statement(lambda: _put_back(*_of_owner, is_one_of(_m.id, "ids")))
_REAP = Statement(lambda: _put_back(_m.lease_until <= bindparam("now"), wait=False))


@dataclass(slots=True)
class _Held:
    """A settlement that waits for the next transaction; ``answer``: None until it was settled."""

    delivery: Delivery
    outcome: Outcome
    row: dict[str, Any] | None
    answer: bool | None = None


class SqlReceiver:
    """The port ``Receiver``; ``max_deliveries``: a message delivered so often and never settled is dead."""

    holds = True

    def __init__(self, db: Database, namespace: str, clock: Clock, max_deliveries: int = 5) -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock
        self._max_deliveries = max_deliveries
        self._limits = Since(db, "0006")
        self._complained = False
        self._held: list[_Held] = []

    def claim(
        self, queues: Sequence[str], *, owner: str, limit: int, lease: int, rates: Mapping[str, Rate] = NO_RATES
    ) -> list[Delivery]:
        """Take up to ``limit`` messages, highest priority and oldest first; ``lease`` in microseconds."""
        queues, taken = tuple(dict.fromkeys(queues)), list[Delivery]()
        if limit < 1 or not (self._held or self._claimable(queues)):
            return []
        for _ in range(_ROUNDS):
            part, is_more = self._claim(queues, owner, limit - len(taken), lease, rates)
            taken += part
            if not is_more or len(taken) == limit:
                break
        return taken

    def _claim(
        self, queues: Sequence[str], owner: str, limit: int, lease: int, rates: Mapping[str, Rate]
    ) -> tuple[list[Delivery], bool]:
        """Claim in one transaction; return what was taken, and whether there may be more for another one."""
        with self._db.write() as connection:
            ended = self._end_held(connection)
            known = rates if self._limits.is_reached(connection) else None
            if known is None and rates:
                self._complain(connection)
            claim = sqlclaim.Claim(connection, self._namespace, self._clock.now(), self._max_deliveries, known)
            taken = claim.run(queues, owner=owner, limit=limit, lease=lease)
        self._note(ended)
        # In a transaction of its own, that locks the entries' records before the messages. Where it does not come to
        # that, the leases end.
        self._settle_all(sorted(claim.over, key=lambda each: each[0].message.id))
        claim.tell()
        return taken, claim.met_limits

    def renew(self, owners: Sequence[str], *, lease: int) -> int:
        """Extend the leases of all that these owners hold; return how many."""
        return self._change(_RENEW, owners=as_json(owners), until=self._clock.now() + lease)

    def settle(self, delivery: Delivery, outcome: Outcome, follow_ups: Sequence[Message] = ()) -> bool:
        """End a delivery in one transaction; False, and nothing done, where it is no longer this owner's."""
        require_sizes(follow_ups)
        if _is_plain(delivery, outcome, follow_ups) and self._db.is_server:
            row = outcome_row((delivery, outcome), self._namespace, self._clock.now())
            with self._db.write(once=True) as connection:
                if end_at_once(connection, self._namespace, delivery, row):
                    return True
        return self._settle_all([(delivery, outcome)], follow_ups)

    def begin_settle(self, delivery: Delivery, outcome: Outcome, *, hold: bool = False) -> Callable[[], bool]:
        """Settle at once, or where that may be, with the next claim or when the answer is asked for."""
        if not hold or not _is_plain(delivery, outcome, ()):
            return partial(bool, self.settle(delivery, outcome))
        if len(self._held) >= _MOST_HELD:
            self._settle_held()
        row = outcome_row((delivery, outcome), self._namespace, self._clock.now())
        held = _Held(delivery, outcome, row)
        self._held.append(held)
        return partial(self._answered, held)

    def release(self, owner: str, ids: Sequence[str] | None = None, *, penalty: bool, before: int | None = None) -> int:
        """Put back what ``owner`` holds, at once; without ``penalty`` the delivery does not count."""
        if ids is None:
            self._settle_held()
        held = {"of_owner": owner, "before": _EVER if before is None else before, "forgiven": 0 if penalty else 1}
        if ids is None:
            return self._change(_RELEASE_ALL, **held)
        return self._change(_RELEASE, **held, ids=as_json(ids))

    def reap(self) -> int:
        """Put back every message whose lease has passed; return how many."""
        return self._change(_REAP, now=self._clock.now(), forgiven=0)

    def wait(self, queues: Sequence[str], timeout: int) -> bool:
        """Return True soon after something may be claimable, False after ``timeout`` microseconds; takes no lock."""
        self._settle_held()
        left, nap, due = timeout / SECOND, _SHORTEST, None
        seen = None
        while True:
            now, version = self._clock.now(), self._db.data_version()
            if version != seen or (due is not None and due <= now):
                seen = version
                if self._claimable(queues):
                    return True
                due = self._next_due()
            if left <= 0:
                return False
            nap = min(nap, left)
            quiet = min(left, _QUIET, _QUIET if due is None else (due - now) / SECOND)
            spent = self._db.pause(version, nap, max(nap, quiet), self._namespace)
            left -= max(spent, nap)
            # Many commits of others: look seldom. A quiet time: be quick again.
            nap = _SHORTEST if spent > nap else min(nap * 1.5, _LONGEST)

    def _answered(self, held: _Held) -> bool:
        """Return whether it was still its owner's to settle."""
        if held.answer is None:
            self._settle_held()
        return bool(held.answer)

    def _settle_held(self) -> None:
        """Settle what waits for the next claim."""
        if self._held:
            with self._db.write() as connection:
                ended = self._end_held(connection)
            self._note(ended)
        while self._held:  # settled before the run, or in a transaction whose answer was lost, or not this owner's
            held = self._held[-1]
            held.answer = self._settle_all([(held.delivery, held.outcome)])
            self._held.pop()

    def _end_held(self, connection: Connection) -> set[str]:
        waiting = [(held.delivery, held.row) for held in self._held]
        return end_all(connection, self._namespace, waiting) if waiting else set()

    def _note(self, ended: set[str]) -> None:
        """Answer for what was ended, once that is committed."""
        for held in self._held:
            held.answer = True if held.delivery.message.id in ended else None
        self._held = [held for held in self._held if held.answer is None]

    def _settle_all(self, settled: Sequence[Settled], follow_ups: Sequence[Message] = ()) -> bool:
        """Settle in one transaction; return whether the last one was still its owner's, and do nothing for others."""
        if not settled:
            return False
        now, done = self._clock.now(), False
        rows = [outcome_row(each, self._namespace, now) for each in settled]
        names = [end.entry for each in settled if (end := ending_of(*each)) is not None]
        with ending(self._db, self._namespace, now, names) as (connection, ends):
            settlement = Settlement(connection, self._namespace, now, ends)
            for each, row in zip(settled, rows, strict=True):
                done = settlement.settle(each, row)
            if done:
                messages.insert(connection, self._namespace, follow_ups, now)
            else:  # the answer to the first request was lost
                done = outcomes.is_stored(connection, rows[-1])
        settlement.tell()
        return done

    def _complain(self, connection: Connection) -> None:
        if not self._complained:
            self._complained = True
            tell_not_limited(self._db.place, self._limits.found(connection))

    def _claimable(self, queues: Sequence[str]) -> bool:
        if not queues:
            return False
        with self._db.read(once=True) as connection:
            now, pauses = self._clock.now(), self._limits.is_reached(connection)
            return sqlclaim.claimable(connection, self._namespace, queues, now, pauses=pauses)

    def _next_due(self) -> int | None:
        with self._db.read(once=True) as connection:
            return sqlclaim.next_due(connection, self._namespace)

    def _change(self, statement: Statement, **values: Any) -> int:
        # Looking first, because an idle worker must not take the writer's lock every few seconds.
        with self._db.read(once=True) as connection:
            if not _ANY_CLAIMED.value(connection, of_namespace=self._namespace):
                return 0
        with self._db.write() as connection:
            changed = statement.change(connection, of_namespace=self._namespace, **values)
            if changed and statement is not _RENEW:
                self._db.announce(connection, self._namespace)
            return changed


def _is_plain(delivery: Delivery, outcome: Outcome, follow_ups: Sequence[Message]) -> bool:
    """Return whether its end is all there is to a delivery's settlement, but for a row in the results."""
    return outcome.verdict is Verdict.DONE and not follow_ups and ending_of(delivery, outcome) is None
