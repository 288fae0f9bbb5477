"""Receiving from a SQL database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, bindparam, exists, select, update

from beatd.brokers import sqlclaim
from beatd.brokers.sqlsettle import Settled, Settlement, outcome_row
from beatd.core.ending import ending_of
from beatd.core.entry import SECOND
from beatd.core.message import Delivery, Message, require_sizes
from beatd.core.states import Outcome
from beatd.ports import Clock
from beatd.sqlkit import messages, schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import chosen, constant, in_order_of, is_one_of
from beatd.sqlkit.ending import ending
from beatd.sqlkit.messages import CLAIMED, READY, as_json
from beatd.sqlkit.statement import Statement

_EVER = (1 << 63) - 1
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


class SqlReceiver:
    """The port ``Receiver``; ``max_deliveries``: a message delivered so often and never settled is dead."""

    def __init__(self, db: Database, namespace: str, clock: Clock, max_deliveries: int = 5) -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock
        self._max_deliveries = max_deliveries

    def claim(self, queues: Sequence[str], *, owner: str, limit: int, lease: int) -> list[Delivery]:
        """Take up to ``limit`` messages, highest priority and oldest first; ``lease`` in microseconds."""
        queues = tuple(dict.fromkeys(queues))
        if limit < 1 or not self._claimable(queues):
            return []
        with self._db.write() as connection:
            claim = sqlclaim.Claim(connection, self._namespace, self._clock.now(), self._max_deliveries)
            taken = claim.run(queues, owner=owner, limit=limit, lease=lease)
        # In a transaction of its own, that locks the entries' records before the messages. Where it does not come to
        # that, the leases end.
        self._settle_all(sorted(claim.over, key=lambda each: each[0].message.id))
        claim.tell()
        return taken

    def renew(self, owners: Sequence[str], *, lease: int) -> int:
        """Extend the leases of all that these owners hold; return how many."""
        return self._change(_RENEW, owners=as_json(owners), until=self._clock.now() + lease)

    def settle(self, delivery: Delivery, outcome: Outcome, follow_ups: Sequence[Message] = ()) -> bool:
        """End a delivery in one transaction; False, and nothing done, where it is no longer this owner's."""
        require_sizes(follow_ups)
        return self._settle_all([(delivery, outcome)], follow_ups)

    def release(self, owner: str, ids: Sequence[str] | None = None, *, penalty: bool, before: int | None = None) -> int:
        """Put back what ``owner`` holds, at once; without ``penalty`` the delivery does not count."""
        held = {"of_owner": owner, "before": _EVER if before is None else before, "forgiven": 0 if penalty else 1}
        if ids is None:
            return self._change(_RELEASE_ALL, **held)
        return self._change(_RELEASE, **held, ids=as_json(ids))

    def reap(self) -> int:
        """Put back every message whose lease has passed; return how many."""
        return self._change(_REAP, now=self._clock.now(), forgiven=0)

    def wait(self, queues: Sequence[str], timeout: int) -> bool:
        """Return True soon after something may be claimable, False after ``timeout`` microseconds; takes no lock."""
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
        settlement.tell()
        return done

    def _claimable(self, queues: Sequence[str]) -> bool:
        if not queues:
            return False
        with self._db.read(once=True) as connection:
            return sqlclaim.claimable(connection, self._namespace, queues, self._clock.now())

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
