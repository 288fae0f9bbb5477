"""Receiving from a Redis server."""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from beatd.brokerports import NO_RATES
from beatd.brokers.redisends import RedisEnds, is_plain, tries_of
from beatd.brokers.telling import tell_paused, tell_unrun
from beatd.core.ending import ending_of, lost, revoked, unreadable
from beatd.core.entry import SECOND
from beatd.core.limits.rate import Rate
from beatd.core.message import Delivery, Message, require_sizes
from beatd.core.states import Outcome, Verdict
from beatd.errors import BrokerUnavailableError, MalformedMessageError
from beatd.ports import Clock
from beatd.rediskit import messages, outcomes
from beatd.rediskit.ending import telling
from beatd.rediskit.messages import as_bytes
from beatd.rediskit.server import Server

_SHORTEST = 0.001
_LATE = 0.15
"""By how many seconds a wait for nothing in particular may last longer."""
_CLAIMABLE = "-1"
MOST = 1000
"""What one script takes: while it runs, the server does nothing else."""


class RedisReceiver:
    """The port ``Receiver``; ``max_deliveries``: a message delivered so often and never settled is dead.

    ``result_expires``: see ``RedisEnds``.
    """

    holds = True

    def __init__(
        self, server: Server, clock: Clock, max_deliveries: int = 5, *, result_expires: int | None = None
    ) -> None:
        self._server = server
        self._clock = clock
        self._max_deliveries = max_deliveries
        self._ends = RedisEnds(server, clock, result_expires)
        self._unanswered: dict[str, str] = {}

    def claim(
        self, queues: Sequence[str], *, owner: str, limit: int, lease: int, rates: Mapping[str, Rate] = NO_RATES
    ) -> list[Delivery]:
        """Take up to ``limit`` messages, highest priority and oldest first; ``lease`` in microseconds."""
        queues, taken = tuple(dict.fromkeys(queues)), list[Delivery]()
        self._ends.send()
        while queues and len(taken) < limit:
            asked = min(limit - len(taken), MOST)
            part = self._claim(owner, self._clock.now(), asked, lease, queues, rates)
            taken += part
            if len(part) < asked:
                break
        return taken

    def _claim(
        self, owner: str, now: int, limit: int, lease: int, queues: tuple[str, ...], rates: Mapping[str, Rate]
    ) -> list[Delivery]:
        heads, values, ended, over = self._claimed(owner, now, limit, lease, queues, dict(rates) or False)
        for told in ended:
            tell_unrun(*self._unrun(told, owner, now + lease))
        # In a script of its own, that tells the entry's record. Where it does not come to that, the leases end.
        for told in over:
            self._end(*self._unrun(told, owner, now + lease))
        return self._deliveries([int(each) for each in heads.split()], values, owner, now + lease)

    def _end(self, delivery: Delivery, outcome: Outcome) -> None:
        """Settle what is not run, and say so."""
        if self.settle(delivery, outcome):
            tell_unrun(delivery, outcome)

    def _deliveries(self, heads: list[int], values: bytes, owner: str, lease_until: int) -> list[Delivery]:
        """Return what was claimed, but for what nobody can read, which is a dead letter by then.

        ``heads``: attempt, deliveries and length of each value.
        """
        found, at = list[Delivery](), 0
        for attempt, deliveries, length in zip(heads[::3], heads[1::3], heads[2::3], strict=True):
            message, error = self._read(values[at : at + length])
            delivery = Delivery(
                message=message, attempt=attempt, owner=owner, lease_until=lease_until, deliveries=deliveries
            )
            at += length
            if error is None:
                found.append(delivery)
            else:
                self._end(delivery, unreadable(error))
        return found

    def _unrun(self, told: bytes, owner: str, lease_until: int) -> tuple[Delivery, Outcome]:
        """Return what is not run, and its outcome."""
        head, _, value = told.partition(b"\n")
        state, attempt, deliveries, reason = head.decode().split(" ", 3)
        message, _ = self._read(value)
        delivery = Delivery(message=message, attempt=int(attempt), owner=owner, lease_until=lease_until)
        return delivery, lost(int(deliveries) - 1) if state == outcomes.DEAD else revoked(reason)

    def _read(self, value: bytes) -> tuple[Message, MalformedMessageError | None]:
        """Return a message, or what can be told of it and what is wrong with it."""
        try:
            return self._server.layout.message_of(value), None
        except MalformedMessageError as error:
            return messages.outline_of(value), error

    def _claimed(self, owner: str, *terms: object) -> Any:
        """Claim; where a former claim got no answer, what that one took is given out: its leases are renewed too."""
        lost = self._unanswered.pop(owner, None)
        nonce = lost or f"{random.getrandbits(48):x}"
        now, limit, lease, queues, rates = terms
        for again in (lost is not None, True):
            try:
                given = (now, owner, limit, lease, nonce, again, self._max_deliveries, queues, rates)
                answer = self._server.begin("claim", *given, tries=1)()
            except BaseException as error:  # whatever ended it, the server may have claimed
                self._unanswered[owner] = nonce
                if again or not isinstance(error, BrokerUnavailableError):
                    raise
            else:
                self._unanswered.pop(owner, None)
                return answer
        raise AssertionError  # the second try returns or raises

    def renew(self, owners: Sequence[str], *, lease: int) -> int:
        """Extend the leases of all that these owners hold; return how many."""
        return int(self._server.run("renew", self._clock.now() + lease, owners))

    def settle(self, delivery: Delivery, outcome: Outcome, follow_ups: Sequence[Message] = ()) -> bool:
        """End a delivery in one script; False, and nothing done, where it is no longer this owner's."""
        require_sizes(follow_ups)
        if follow_ups or not is_plain(delivery, outcome):
            return self._settle(delivery, outcome, follow_ups)()
        return self._ends.begin(delivery, outcome)()

    def begin_settle(self, delivery: Delivery, outcome: Outcome, *, hold: bool = False) -> Callable[[], bool]:
        """Send it; what is returned waits for the answer. Where an entry's record is to be told it waits at once.

        What may be held goes with what ends soon after it, and before the next claim.
        """
        if not is_plain(delivery, outcome):
            return self._settle(delivery, outcome, ())
        return self._ends.begin(delivery, outcome, hold=hold)

    def _settle(self, delivery: Delivery, outcome: Outcome, follow_ups: Sequence[Message]) -> Callable[[], bool]:
        now, ending = self._clock.now(), ending_of(delivery, outcome)
        terms = self._terms(delivery, outcome, follow_ups, now)
        if ending is None:
            return self._server.begin("settle", *terms, False, tries=tries_of(outcome))
        done, item = telling(self._server, ending, now, lambda told: self._server.run("settle", *terms, told))
        if done and item is not None:
            tell_paused(item)
        return partial(bool, done)

    def _terms(
        self, delivery: Delivery, outcome: Outcome, follow_ups: Sequence[Message], now: int
    ) -> tuple[object, ...]:
        message, layout = delivery.message, self._server.layout
        due = now + (outcome.retry_in or 0)
        value = outcomes.value_of(outcome, now, task=message.task, entry=message.entry)
        return (
            now,
            message.id,
            message.queue,
            delivery.owner,
            delivery.attempt,
            outcome.verdict.value,
            value or False,
            outcomes.finished_at(outcome, now),
            due,
            as_bytes(layout.packed(_again(message, due))) if outcome.verdict is Verdict.RETRY else False,
            outcome.reason or False,
            messages.columns(follow_ups, layout),
            self._ends.expired_before(now) or False,
            layout.told(message, outcome, now) or False,
        )

    def release(self, owner: str, ids: Sequence[str] | None = None, *, penalty: bool, before: int | None = None) -> int:
        """Put back what ``owner`` holds, at once; without ``penalty`` the delivery does not count."""
        if ids is None:
            self._ends.settle()
        only, until = False if ids is None else list(ids), False if before is None else before
        return int(self._server.run("release", owner, only, 0 if penalty else 1, until))

    def reap(self) -> int:
        """Put back every message whose lease has passed; return how many."""
        return int(self._server.run("reap", self._clock.now()))

    def wait(self, queues: Sequence[str], timeout: int) -> bool:
        """Return True soon after something may be claimable, False after ``timeout`` microseconds.

        What beatd sends wakes one that waits. Beneath it everyone looks by itself, as often as the layout says.
        """
        self._ends.settle()
        until, longest = self._server.elapsed() + timeout, self._server.layout.longest_wait
        calls = [f"{self._server.prefix}wake:{queue}" for queue in queues]
        while True:
            due = self._server.run("look", self._clock.now(), list(queues)).decode()
            if due == _CLAIMABLE:
                return True
            left = (until - self._server.elapsed()) / SECOND
            if left <= 0:
                return False
            nap = max(_SHORTEST, min(left, longest, int(due) / SECOND if due else longest))
            if calls:
                self._server.block(calls, nap, late=0 if due else _LATE)
            else:
                threading.Event().wait(nap)


def _again(message: Message, due: int) -> Message:
    """Return a message for its retry."""
    headers = {**message.headers, "retries": int(message.headers.get("retries") or 0) + 1}
    return replace(message, headers=headers, due=due)
