"""Ends of deliveries on a Redis server, those of quick tasks in one script for several."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from beatd.core.ending import ending_of
from beatd.core.entry import SECOND
from beatd.core.message import Delivery
from beatd.core.states import Outcome, Verdict
from beatd.ports import Clock
from beatd.rediskit import outcomes
from beatd.rediskit.server import TRIES, Server

HOLD: Final = 2_000
"""For so many microseconds an end waits for others; that of a task that took as long does not."""

_DROP_EACH: Final = 16
_MOST: Final = 16


class _Group:
    """Ends of one owner that go together: as the script takes them, in columns."""

    __slots__ = ("_answers", "_waited_for", "columns", "owner", "since", "tries")

    def __init__(self, owner: str, since: int) -> None:
        self.owner = owner
        self.since = since
        self.tries = TRIES
        # Ids, queues, attempts, outcomes, when they finished, where else they are told.
        self.columns: tuple[list[Any], ...] = ([], [], [], [], [], [])
        self._waited_for: Callable[[], Any] | None = None
        self._answers: list[int] | None = None

    @property
    def is_sent(self) -> bool:
        """Whether it is on its way."""
        return self._waited_for is not None

    def send(self, server: Server, expired: int | None) -> None:
        """Send it, without waiting for the answer; with it go outcomes from before the moment ``expired``."""
        self._waited_for = server.begin("ends", self.owner, *self.columns, expired or False, tries=self.tries)

    def answers(self) -> list[int]:
        """Return the answers once they are there: 1, or 0 for what is no longer this owner's."""
        if self._answers is None and self._waited_for is not None:
            self._answers = self._waited_for()
        return self._answers or []


class RedisEnds:
    """Ends whose settlement is no more than that and a result.

    ``result_expires``: outcomes older than so many microseconds are dropped, some with the first that is
    stored, and then with every sixteenth, or the first in a second.
    """

    def __init__(self, server: Server, clock: Clock, result_expires: int | None) -> None:
        self._server = server
        self._clock = clock
        self._result_expires = result_expires
        self._drop_at, self._undropped = 0, 0
        self._held: _Group | None = None

    def begin(self, delivery: Delivery, outcome: Outcome, *, hold: bool = False) -> Callable[[], bool]:
        """Send it, now or, where it may be held, with those to come; what is returned waits for the answer."""
        now, message = self._clock.now(), delivery.message
        value = outcomes.value_of(outcome, now, task=message.task, entry=message.entry)
        elsewhere = self._server.layout.told(message, outcome, now)
        group = self._held
        if group is None or group.owner != delivery.owner:
            self.send()
            group = self._held = _Group(delivery.owner, now)
        finished = outcomes.finished_at(outcome, now)
        group.tries = min(group.tries, tries_of(outcome))
        ids, queues, attempts, values, moments, elsewheres = group.columns
        ids.append(message.id)
        queues.append(message.queue)
        attempts.append(delivery.attempt)
        values.append(value or False)
        moments.append(finished)
        elsewheres.append(elsewhere or False)
        took = finished - (outcome.started_at or 0)
        if not hold or took >= HOLD or now - group.since >= HOLD or len(ids) >= _MOST:
            self.send()
        return partial(self._answer, group, len(ids) - 1)

    def send(self) -> None:
        """Send what is held."""
        group, self._held = self._held, None
        if group is not None:
            kept = len(group.columns[0]) - group.columns[3].count(False)
            group.send(self._server, self.expired_before(self._clock.now(), kept) if kept else None)

    def settle(self) -> None:
        """Send what is held, and wait for the answer."""
        group = self._held
        self.send()
        if group is not None:
            group.answers()

    def expired_before(self, now: int, count: int = 1) -> int | None:
        """Return before which moment outcomes are so old that some are dropped as ``count`` are stored now, if any."""
        if self._result_expires is None:
            return None
        self._undropped += count
        if self._undropped < _DROP_EACH and now < self._drop_at:
            return None
        self._undropped, self._drop_at = 0, now + SECOND
        return now - self._result_expires

    def _answer(self, group: _Group, index: int) -> bool:
        if not group.is_sent:
            self.send()
        return group.answers()[index] == 1


def is_plain(delivery: Delivery, outcome: Outcome) -> bool:
    """Return whether its end is all there is to a delivery's settlement, but for its outcome."""
    return outcome.verdict is Verdict.DONE and (delivery.message.entry is None or ending_of(delivery, outcome) is None)


def tries_of(outcome: Outcome) -> int:
    """Return how often a settlement may be sent by itself.

    Where nothing is kept of it, a second request seems to be one that comes too late: who makes it must know.
    """
    return TRIES if outcome.keep else 1
