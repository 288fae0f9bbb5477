"""What the supervisor does in the broker on its children's behalf, an outage or not."""

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import random
from typing import Final

from beatd.brokerports import WorkerInfo
from beatd.core.message import Delivery
from beatd.core.states import Outcome, State
from beatd.errors import BrokerUnavailableError, StoreError
from beatd.processes.backoff import Backoff
from beatd.processes.pause import pause
from beatd.processes.repeated import Repeated
from beatd.worker.slots import Sight
from beatd.worker.spec import WorkerBroker, WorkerSpec

SECOND: Final = 1_000_000
_REAP_EVERY: Final = 5 * SECOND
_ASK_EVERY: Final = 1 * SECOND
_COUNT_EVERY: Final = 1 * SECOND
_TELL_EVERY: Final = 1 * SECOND
_LAST_WORDS: Final = 5 * SECOND

logger = logging.getLogger("beatd.worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Messages to put back: of an owner all, or only ``ids``; ``settle`` ends one for good before that, if it can."""

    owner: str
    penalty: bool
    ids: tuple[str, ...] | None = None
    before: int | None = None
    settle: tuple[Delivery, Outcome] | None = None


class Duties:
    """Renews leases, returns messages, reaps and reports, each when it is due; what fails is tried again later.

    ``given_back``: how many messages were returned so far.
    """

    def __init__(self, spec: WorkerSpec, host: str, pid: int, *, draw: Callable[[], float] = random) -> None:
        self._spec = spec
        self._clock = spec.clock
        self._draw = draw
        self._host = host
        self._pid = pid
        self._started_at = spec.clock.now()
        self._broker: WorkerBroker | None = None
        self._outage = Repeated(logger, spec.clock, "the broker")
        self._backoff = Backoff()
        self._returns: deque[Return] = deque()
        self._given_back = 0
        now = spec.clock.elapsed()
        self._renew_at = now + spec.lease // 3
        self._reap_at = now
        self._report_at = now
        self._retry_at = now
        self._ask_at = now
        self._count_at = now
        self._told = 0
        self._told_at = now

    def close(self) -> None:
        """Close the connection; the next request opens another. To be done before a fork."""
        broker, self._broker = self._broker, None
        if broker is not None:
            broker.close()

    def give_back(self, what: Return) -> None:
        """Return messages with the next turn."""
        self._returns.append(what)

    def count_anew(self) -> None:
        """Count what is given back from here on: ``finish`` tells how much it was."""
        self._given_back = 0

    def give_tail_back(self, owner: str, sight: Sight) -> None:
        """Return what ``owner`` has claimed beside the task that it runs, with the next turn."""
        # It may give that back itself and claim it anew before this is carried out: such a claim is its own.
        before = self._clock.now()
        self.give_back(Return(owner=owner, ids=sight.tail, penalty=False, before=before))

    def next_at(self) -> int:
        """Return the elapsed moment of the next turn that has something to do."""
        due = min(self._renew_at, self._reap_at, self._report_at)
        return max(self._retry_at, 0 if self._returns else due)

    def turn(self, owners: Sequence[str], children: Callable[[], Sequence[Mapping[str, object]]]) -> None:
        """Do what is due."""
        now = self._clock.elapsed()
        if len(owners) != self._told:
            # People are to see the children that there are, not those of before.
            self._report_at = min(self._report_at, self._told_at + _TELL_EVERY)
        if now < self.next_at():
            return
        try:
            self._do(now, owners, children)
        except (BrokerUnavailableError, StoreError) as error:
            self._outage.failed(error)
            self._retry_at = now + self._backoff.failed()
        else:
            self._outage.recovered()
            self._backoff.recovered()

    def revoked(self, busy: Callable[[], Sequence[str]]) -> frozenset[tuple[str, int]]:
        """Return (id, attempt) of what ``busy`` owners are to stop running; asked for at most once a second."""
        now = self._clock.elapsed()
        if now < max(self._ask_at, self._retry_at) or not (owners := busy()):
            return frozenset()
        self._ask_at = now + _ASK_EVERY
        try:
            return self._open().limits.to_terminate(owners)
        except (BrokerUnavailableError, StoreError) as error:
            self._outage.failed(error)
            self._retry_at = now + self._backoff.failed()
            return frozenset()

    def waiting(self) -> int | None:
        """Return how many messages could be run now, and no more than could be used.

        None within a second of the last time, and in an outage.
        """
        now = self._clock.elapsed()
        if self._outage.lasting or now < max(self._count_at, self._retry_at):
            return None
        self._count_at = now + _COUNT_EVERY
        try:
            most = max(self._spec.autoscale or (self._spec.concurrency,))
            paused = self._open().pauses.paused()
            return self._open().admin.ready([queue for queue in self._spec.queues if queue not in paused], most)
        except (BrokerUnavailableError, StoreError) as error:
            self._outage.failed(error)
            self._retry_at = now + self._backoff.failed()
            return None

    def has_outage(self) -> bool:
        """Return whether the broker gave no answer when it was last asked."""
        return self._outage.lasting

    def finish(self) -> None:
        """Return what is left, retire and say so, for a few seconds at most: leases end by themselves."""
        end = self._clock.elapsed() + _LAST_WORDS
        while True:
            try:
                self._give_all_back()
                self._open().admin.retire(self._spec.name)
                break
            except (BrokerUnavailableError, StoreError) as error:
                self._outage.failed(error)
                if self._clock.elapsed() >= end:
                    logger.warning("messages could not be given back; their leases will end", extra={"action": "stop"})
                    break
                pause(self._backoff.failed(), self._clock)
        self.close()
        logger.info("stopped", extra={"action": "stopped", "given_back": self._given_back})

    def _do(self, now: int, owners: Sequence[str], children: Callable[[], Sequence[Mapping[str, object]]]) -> None:
        # First what others wait for, but never after a lease is at stake.
        # Also before every reap: after a step of the clock its own leases would seem to have ended.
        if now >= self._renew_at or now >= self._reap_at:
            if owners:
                self._open().keeper.renew(owners, lease=self._spec.lease)
            self._renew_at = now + self._spec.lease // 3
        self._give_all_back()
        if now >= self._reap_at:
            returned = self._open().keeper.reap()
            if returned:
                logger.warning(
                    "leases have ended; their messages are back", extra={"action": "reap", "count": returned}
                )
            # Scattered, so that many workers do not all ask at once.
            self._reap_at = now + round(_REAP_EVERY * (0.8 + 0.4 * self._draw()))
        if now >= self._report_at:
            self._open().admin.report(self._info(children()), ttl=4 * self._spec.report)
            self._report_at = now + self._spec.report
            self._told, self._told_at = len(owners), now

    def _give_all_back(self) -> None:
        while self._returns:
            what = self._returns[0]
            broker = self._open()
            if (
                what.settle is not None
                and broker.receiver.settle(*what.settle)
                and what.settle[1].state is State.FAILURE
            ):
                for each in self._spec.middleware:
                    each.on_failure(*what.settle)
            self._given_back += broker.keeper.release(what.owner, what.ids, penalty=what.penalty, before=what.before)
            self._returns.popleft()

    def _open(self) -> WorkerBroker:
        if self._broker is None:
            self._broker = self._spec.open_broker()
        return self._broker

    def _info(self, children: Sequence[Mapping[str, object]]) -> WorkerInfo:
        return WorkerInfo(
            worker=self._spec.name,
            host=self._host,
            pid=self._pid,
            started_at=self._started_at,
            seen_at=self._clock.now(),
            queues=tuple(self._spec.queues),
            children=tuple(children),
        )
