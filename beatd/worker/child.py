"""The life of a process that runs tasks: claim, run, settle, wait."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from random import random
from typing import Final

from beatd.core.limits.shares import drawn
from beatd.core.message import Delivery
from beatd.core.states import Outcome
from beatd.processes.backoff import Backoff
from beatd.processes.pause import pause
from beatd.worker.call import Call
from beatd.worker.guard import Guard
from beatd.worker.pace import Pace
from beatd.worker.runner import Runner
from beatd.worker.settlements import BROKER_TROUBLE, Settlements
from beatd.worker.slots import Ledger, Order, Slot
from beatd.worker.spec import WorkerBroker, WorkerSpec
from beatd.worker.wear import Wear

SECOND: Final = 1_000_000
STALL: Final = SECOND // 20
"""After a task that took longer a child gives back what it claimed beside it; the supervisor does at twice that."""

_WAIT: Final = SECOND // 2
_CLAIM_ANYWAY: Final = 10

logger = logging.getLogger("beatd.worker")


class Child:
    """Runs tasks one at a time until the slot says LEAVE, or it has had its day.

    ``poke`` tells the supervisor of a new time limit.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        broker: WorkerBroker,
        slot: Slot,
        *,
        owner: str,
        poke: Callable[[], None],
        guard: Guard | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self._spec = spec
        self._receiver = broker.receiver
        self._clock = spec.clock
        self._slot = slot
        self._owner = owner
        self._poke = poke
        self._runner = Runner(spec.registry, spec.middleware, spec.clock, worker=owner, accept=spec.accept, guard=guard)
        self._pace = Pace()
        self._wear = Wear(spec, owner)
        self._backoff = Backoff()
        self._settlements = Settlements(broker.receiver, spec.clock, spec.lease, self._alive, ledger)
        self._unsure = False

    def run(self) -> int:
        """Run tasks until told to leave; return the exit code."""
        self._slot.idle(self._clock.elapsed())
        self._poke()
        while not self._leaving():
            try:
                self._turn()
                self._backoff.recovered()
            except BROKER_TROUBLE as error:
                # The supervisor tells of an outage, once for all children.
                logger.debug("no answer from the broker", extra={"action": "outage", "error": str(error)})
                pause(self._backoff.failed(), self._clock, until=self._leaving)
        self._settlements.hear()
        if self._wear.worn:
            self._slot.leave(self._clock.elapsed())
        return 0

    def _alive(self) -> None:
        self._slot.alive(self._clock.elapsed())

    def _leaving(self) -> bool:
        return self._wear.worn or self._slot.ordered() is Order.LEAVE

    def _turn(self) -> None:
        self._slot.idle(self._clock.elapsed())
        if self._slot.ordered() is Order.QUIET:
            self._settlements.hear()
            pause(_WAIT, self._clock, until=lambda: self._slot.ordered() is not Order.QUIET)
            return
        # Taken before it is asked for: the answer may be long in coming.
        until = self._clock.elapsed() + self._spec.lease
        batch = self._claim()
        self._settlements.hear()
        if batch:
            self._run_batch(deque(batch), until)
        else:
            self._wait()

    def _claim(self) -> list[Delivery]:
        if self._unsure:
            # A request whose answer was lost may have left messages in this owner's name, which would be renewed.
            # What has run and is not known to be settled would be put back with them, and run again.
            self._settlements.hear()
            self._receiver.release(self._owner, penalty=False)
        self._unsure = True
        batch = next(filter(None, map(self._claim_from, self._lines())), [])
        self._unsure = False
        return batch

    def _lines(self) -> list[Sequence[str]]:
        """Return what to claim from in turn until there is something: all queues as one, or each for itself."""
        spec = self._spec
        return [(queue,) for queue in drawn(spec.shares, random)] if spec.shares else [spec.queues]

    def _claim_from(self, queues: Sequence[str]) -> list[Delivery]:
        return self._receiver.claim(
            queues,
            owner=self._owner,
            limit=min(self._pace.batch(), self._wear.left()),
            lease=self._spec.lease,
            rates=self._spec.registry.rates,
        )

    def _wait(self) -> None:
        """Wait for a hint that something may be claimed, a few seconds at most: one may have been missed."""
        for _ in range(_CLAIM_ANYWAY):
            if self._receiver.wait(self._spec.queues, _WAIT) or self._slot.ordered() is not Order.RUN:
                return
            self._slot.idle(self._clock.elapsed())

    def _run_batch(self, batch: deque[Delivery], until: int) -> None:
        """Run what was claimed; begin nothing from the elapsed moment ``until`` on, when its lease may have ended."""
        begun = self._clock.elapsed()
        while batch:
            former, begun = begun, self._clock.elapsed()
            if self._leaving() or begun - former >= STALL:
                self._give_back(batch)
                return
            delivery = batch.popleft()
            call = self._runner.read(delivery)
            if isinstance(call, Outcome):
                self._settlements.settle(delivery, call)
                continue
            if call.time_limit is not None or not self._pace.is_quick(delivery.message.task):
                self._give_back(batch)
                self._settlements.hear()
            begun = self._clock.elapsed()
            if begun >= until:
                # Another may run it, or have ended it; what is still this child's is given back, and claimed anew.
                batch.appendleft(delivery)
                self._give_back(batch)
                return
            self._run_one(call, begun, [waiting.message.id for waiting in batch])

    def _run_one(self, call: Call, begun: int, tail: list[str]) -> None:
        delivery = call.delivery
        limit = 0 if call.time_limit is None else max(1, round(call.time_limit * SECOND))
        last = not call.task.options.reject_on_worker_lost
        self._slot.begin(delivery.message, delivery.attempt, begun, limit=limit, tail=tail, last=last)
        if limit:
            self._poke()
        started_at = self._clock.now()
        # Settled before the run, and not run where that fails: at most once.
        early = call.task.options.acks == "early"
        if not early or self._settlements.settle(delivery, self._runner.started(started_at)):
            self._settlements.begin(delivery, self._runner.run(call, started_at), again=early, last=last)
        ended = self._clock.elapsed()
        self._slot.end(ended)
        self._pace.ran(delivery.message.task, ended - begun)
        self._wear.ran(delivery.message.task)

    def _give_back(self, batch: deque[Delivery]) -> None:
        """Return what was claimed and not begun."""
        if not batch:
            return
        ids = [delivery.message.id for delivery in batch]
        batch.clear()
        try:
            self._receiver.release(self._owner, ids, penalty=False)
        except BROKER_TROUBLE:
            self._unsure = True
