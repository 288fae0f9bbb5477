"""One thread that waits at the broker for all that are idle, on one connection."""

import logging
from collections.abc import Callable, Mapping, Sequence
from threading import Condition, Lock, Thread
from typing import Final

from beatd.brokerports import NO_RATES, Receiver
from beatd.core.limits.rate import Rate
from beatd.core.message import Delivery, Message
from beatd.core.states import Outcome
from beatd.processes.backoff import Backoff
from beatd.processes.pause import pause
from beatd.processes.running import belong_to_no_task
from beatd.worker.settlements import BROKER_TROUBLE
from beatd.worker.spec import WorkerBroker, WorkerSpec

SECOND: Final = 1_000_000
_LOOK: Final = SECOND // 2
_PATIENCE: Final = 1.0

logger = logging.getLogger("beatd.worker")


class Lookout:
    """Calls one idle thread when something may be claimed, and looks again once that one has claimed.

    So an idle worker asks the broker as one child would, however many threads it has, and one message wakes one of
    them. What a call is lost with costs a second: the lookout waits no longer for a claim.
    """

    def __init__(self, spec: WorkerSpec) -> None:
        self._spec = spec
        lock = Lock()
        self._wanted, self._called = Condition(lock), Condition(lock)
        self._idle = 0
        self._calls = 0
        self._claiming = 0
        self._ended = False
        self._thread = Thread(target=self._run, name="beatd-lookout", daemon=True)
        self._thread.start()

    def open_broker(self) -> WorkerBroker:
        """Return a broker for one thread, whose waiting is done by this."""
        return _Post(self._spec.open_broker(), self)

    def wait(self, timeout: int) -> bool:
        """Return True when this thread is called to claim, False after ``timeout`` microseconds."""
        with self._called:
            self._idle += 1
            self._wanted.notify()
            called = self._called.wait_for(lambda: self._calls > 0, timeout / SECOND)
            self._idle -= 1
            if called:
                self._calls -= 1
                self._claiming += 1
            return called

    def claimed(self) -> None:
        """Say that a thread that was called has claimed, or tried to."""
        with self._wanted:
            self._claiming -= 1
            self._wanted.notify()

    def close(self) -> None:
        """Stop looking."""
        with self._wanted:
            self._ended = True
            self._wanted.notify()
        self._thread.join(2 * _LOOK / SECOND)

    def _run(self) -> None:
        belong_to_no_task()
        backoff = Backoff()
        while not self._ended:
            try:
                self._look(backoff)
            except BROKER_TROUBLE as error:
                # Told of by who renews the leases, once for all threads.
                logger.debug("no answer from the broker", extra={"action": "outage", "error": str(error)})
            except Exception:  # a thread that is gone would be missed by nobody
                logger.exception("waiting for messages failed, and is begun anew", extra={"action": "restart"})
            pause(backoff.failed(), self._spec.clock, until=lambda: self._ended)

    def _look(self, backoff: Backoff) -> None:
        broker = self._spec.open_broker()
        try:
            while not self._ended:
                if self._is_wanted() and broker.receiver.wait(self._spec.queues, _LOOK):
                    self._call()
                backoff.recovered()
        finally:
            broker.close()

    def _is_wanted(self) -> bool:
        """Wait until a thread is idle and none is under way to its claim; return whether to look now."""
        with self._wanted:
            self._wanted.wait_for(self._nobody_claims, _PATIENCE)
            return self._idle > 0 and not self._ended

    def _nobody_claims(self) -> bool:
        return self._ended or (self._idle > 0 and self._calls + self._claiming == 0)

    def _call(self) -> None:
        with self._called:
            if self._idle:
                self._calls = 1
                self._called.notify()


class _SharedWait:
    """The receiver of one thread, which waits with the others."""

    def __init__(self, receiver: Receiver, lookout: Lookout) -> None:
        self._receiver = receiver
        self._lookout = lookout
        self._called = False
        self.holds = receiver.holds

    def claim(
        self, queues: Sequence[str], *, owner: str, limit: int, lease: int, rates: Mapping[str, Rate] = NO_RATES
    ) -> list[Delivery]:
        """Claim as the receiver does, and let the next one be called once there was something."""
        try:
            taken = self._receiver.claim(queues, owner=owner, limit=limit, lease=lease, rates=rates)
        except BaseException:  # raised again, once the next thread was called
            self.close()
            raise
        # Where there was nothing, what this thread was called for may be in the queue that it asks next.
        if taken:
            self.close()
        return taken

    def settle(self, delivery: Delivery, outcome: Outcome, follow_ups: Sequence[Message] = ()) -> bool:
        """Settle as the receiver does."""
        return self._receiver.settle(delivery, outcome, follow_ups)

    def begin_settle(self, delivery: Delivery, outcome: Outcome, *, hold: bool = False) -> Callable[[], bool]:
        """Settle as the receiver does."""
        return self._receiver.begin_settle(delivery, outcome, hold=hold)

    def release(self, owner: str, ids: Sequence[str] | None = None, *, penalty: bool, before: int | None = None) -> int:
        """Put back as the receiver does."""
        return self._receiver.release(owner, ids, penalty=penalty, before=before)

    def wait(self, queues: Sequence[str], timeout: int) -> bool:  # noqa: ARG002  the worker's own, as the lookout's
        """Return True when called, False after ``timeout`` microseconds."""
        self.close()
        self._called = self._lookout.wait(timeout)
        return self._called

    def close(self) -> None:
        """Let the next one be called, should this thread end before it has claimed."""
        if self._called:
            self._called = False
            self._lookout.claimed()


class _Post:
    """The broker of one thread."""

    def __init__(self, broker: WorkerBroker, lookout: Lookout) -> None:
        self._broker = broker
        self.receiver = _SharedWait(broker.receiver, lookout)
        self.keeper, self.admin, self.limits, self.pauses = broker.keeper, broker.admin, broker.limits, broker.pauses

    def close(self) -> None:
        """Close the thread's connection."""
        self.receiver.close()
        self._broker.close()
