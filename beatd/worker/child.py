"""The life of a process that runs tasks: claim, run, settle, wait."""

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from beatd.core.message import Delivery
from beatd.core.states import Outcome
from beatd.errors import BrokerUnavailableError, StoreError
from beatd.processes.backoff import Backoff
from beatd.processes.pause import pause
from beatd.worker.call import Call
from beatd.worker.pace import Pace
from beatd.worker.runner import Runner
from beatd.worker.slots import Order, Slot
from beatd.worker.spec import WorkerBroker, WorkerSpec

SECOND: Final = 1_000_000
STALL: Final = SECOND // 20
"""After a task that took longer a child gives back what it claimed beside it; the supervisor does at twice that."""

_WAIT: Final = SECOND // 2
_CLAIM_ANYWAY: Final = 10
_SETTLE_LEASES: Final = 10
_BROKER_TROUBLE: Final = (BrokerUnavailableError, StoreError)

logger = logging.getLogger("beatd.worker")


class Child:
    """Runs tasks one at a time until the slot says LEAVE. ``poke`` tells the supervisor of a new time limit."""

    def __init__(
        self, spec: WorkerSpec, broker: WorkerBroker, slot: Slot, *, owner: str, poke: Callable[[], None]
    ) -> None:
        self._spec = spec
        self._receiver = broker.receiver
        self._clock = spec.clock
        self._slot = slot
        self._owner = owner
        self._poke = poke
        self._runner = Runner(spec.registry, spec.middleware, spec.clock, worker=owner)
        self._pace = Pace()
        self._backoff = Backoff()
        self._unsure = False

    def run(self) -> int:
        """Run tasks until told to leave; return the exit code."""
        self._slot.idle(self._clock.elapsed())
        self._poke()
        while not self._leaving():
            try:
                self._turn()
                self._backoff.recovered()
            except _BROKER_TROUBLE as error:
                # The supervisor tells of an outage, once for all children.
                logger.debug("no answer from the broker", extra={"action": "outage", "error": str(error)})
                pause(self._backoff.failed(), self._clock, until=self._leaving)
        return 0

    def _leaving(self) -> bool:
        return self._slot.ordered() is Order.LEAVE

    def _turn(self) -> None:
        self._slot.idle(self._clock.elapsed())
        if self._slot.ordered() is Order.QUIET:
            pause(_WAIT, self._clock, until=lambda: self._slot.ordered() is not Order.QUIET)
            return
        batch = self._claim()
        if batch:
            self._run_batch(deque(batch))
        else:
            self._wait()

    def _claim(self) -> list[Delivery]:
        if self._unsure:
            # A request whose answer was lost may have left messages in this owner's name, which would be renewed.
            self._receiver.release(self._owner, penalty=False)
        self._unsure = True
        batch = self._receiver.claim(
            self._spec.queues, owner=self._owner, limit=self._pace.batch(), lease=self._spec.lease
        )
        self._unsure = False
        return batch

    def _wait(self) -> None:
        """Wait for a hint that something may be claimed, a few seconds at most: one may have been missed."""
        for _ in range(_CLAIM_ANYWAY):
            if self._receiver.wait(self._spec.queues, _WAIT) or self._slot.ordered() is not Order.RUN:
                return
            self._slot.idle(self._clock.elapsed())

    def _run_batch(self, batch: deque[Delivery]) -> None:
        begun = self._clock.elapsed()
        while batch:
            now = self._clock.elapsed()
            if self._leaving() or now - begun >= STALL:
                self._give_back(batch)
                return
            begun = now
            delivery = batch.popleft()
            call = self._runner.read(delivery)
            if isinstance(call, Outcome):
                self._settle(delivery, call)
                continue
            if batch and (call.time_limit is not None or not self._pace.is_quick(delivery.message.task)):
                self._give_back(batch)
            self._run_one(call, [waiting.message.id for waiting in batch])

    def _run_one(self, call: Call, tail: list[str]) -> None:
        delivery, begun = call.delivery, self._clock.elapsed()
        limit = 0 if call.time_limit is None else max(1, round(call.time_limit * SECOND))
        self._slot.begin(delivery.message, delivery.attempt, begun, limit=limit, tail=tail)
        if limit:
            self._poke()
        started_at = self._clock.now()
        # Settled before the run, and not run where that fails: at most once.
        early = call.task.options.acks == "early"
        if not early or self._settle(delivery, self._runner.started(started_at)):
            self._settle(delivery, self._runner.run(call, started_at), again=early)
        ended = self._clock.elapsed()
        self._slot.end(ended)
        self._pace.ran(delivery.message.task, ended - begun)

    def _settle(self, delivery: Delivery, outcome: Outcome, *, again: bool = False) -> bool:
        """Settle, for as long as it takes or a lost lease makes it vain; return whether it was still ours to settle.

        ``again``: it was ended before the run, and a broker that cannot tell any more that it was ours drops this.
        """
        give_up_at = self._clock.elapsed() + _SETTLE_LEASES * self._spec.lease
        while True:
            try:
                settled = self._receiver.settle(delivery, outcome)
                break
            except _BROKER_TROUBLE as error:
                if self._clock.elapsed() >= give_up_at:
                    _complain("the outcome could not be stored; the task will run again", delivery, str(error))
                    return False
                pause(self._backoff.failed(), self._clock)
        if not settled and not again:
            _complain("the lease was lost during the run; the outcome is dropped", delivery, None)
        return settled

    def _give_back(self, batch: deque[Delivery]) -> None:
        """Return what was claimed and not begun."""
        ids = [delivery.message.id for delivery in batch]
        batch.clear()
        try:
            self._receiver.release(self._owner, ids, penalty=False)
        except _BROKER_TROUBLE:
            self._unsure = True


def _complain(sentence: str, delivery: Delivery, error: str | None) -> None:
    fields = {"action": "unsettled", "message_id": delivery.message.id, "task": delivery.message.task}
    logger.warning(sentence, extra={**fields, "attempt": delivery.attempt, "error": error})
