"""Ending deliveries: sent at once, answered for while the next task runs already."""

import logging
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from beatd.brokerports import Receiver
from beatd.core.message import Delivery
from beatd.core.states import Outcome
from beatd.errors import BrokerUnavailableError, NotStorableError, StoreError
from beatd.ports import Clock
from beatd.processes.backoff import Backoff
from beatd.processes.pause import pause
from beatd.worker.outcome import unstorable
from beatd.worker.slots import Ledger

BROKER_TROUBLE: Final = (BrokerUnavailableError, StoreError)
UNSTORABLE: Final = (NotStorableError, TypeError, ValueError, OverflowError)
"""It lies in the outcome itself, and would be as vain the next time; the last three are raised while it is encoded."""

UNHEARD: Final = 32
"""So many answers at most are outstanding: what they hold in memory, and what a lost connection has to repeat."""

HELD: Final = 20_000
"""So many microseconds a settlement waits for the next claim, at most, where one task ends soon after the other."""

_ANSWERED_FOR: Final = 100_000
_LEASES: Final = 10

logger = logging.getLogger("beatd.worker")


class _Sent(NamedTuple):
    """A settlement under way; ``again``: its delivery may have been ended already. ``at``: in elapsed time.

    ``held``: it may wait, and is in the ledger.
    """

    delivery: Delivery
    outcome: Outcome
    again: bool
    held: bool
    at: int
    answer: Callable[[], bool]


class Settlements:
    """Those of one child; ``lease`` in microseconds. ``alive`` is called whenever the broker has given no answer.

    What the receiver holds is in the ``ledger`` besides. Where there is none, or no room in it, nothing is held.
    """

    def __init__(
        self,
        receiver: Receiver,
        clock: Clock,
        lease: int,
        alive: Callable[[], None] = lambda: None,
        ledger: Ledger | None = None,
    ) -> None:
        self._receiver = receiver
        self._holds = receiver.holds
        self._clock = clock
        self._patience = _LEASES * lease
        self._alive = alive
        self._ledger = ledger
        self._backoff = Backoff()
        self._sent: deque[_Sent] = deque()
        self._held_at: int | None = None
        """Since when the first of those waits that may."""

    def settle(self, delivery: Delivery, outcome: Outcome, *, again: bool = False) -> bool:
        """Settle, for as long as it takes or a lost lease makes it vain; return whether it was still ours to settle.

        ``again``: it may have been ended already, and a broker that cannot tell any more that it was ours drops this.
        """
        give_up_at = self._clock.elapsed() + self._patience
        told = False
        while True:
            try:
                settled = self._receiver.settle(delivery, outcome)
                break
            except UNSTORABLE as error:
                if told:
                    raise
                told, outcome = True, unstorable(outcome, error)
                _complain("the outcome cannot be stored as it is; the task has failed", delivery, str(error))
            except BROKER_TROUBLE as error:
                if self._clock.elapsed() >= give_up_at:
                    _complain("the outcome could not be stored; the task will run again", delivery, str(error))
                    return False
                again = again or not outcome.keep
                self._alive()
                pause(self._backoff.failed(), self._clock)
        self._backoff.recovered()
        _say_lost(delivery, settled=settled, again=again)
        return settled

    def begin(self, delivery: Delivery, outcome: Outcome, *, again: bool = False, last: bool = False) -> None:
        """Settle, without waiting for the answer where the broker need not be waited for.

        ``last``: it is not run again if the worker is lost, and so not held.
        """
        now = self._clock.elapsed()
        if self._held_at is not None and now - self._held_at >= HELD:
            self.hear(held_up=now - self._sent[-1].at >= _ANSWERED_FOR)
        hold = self._holds and not (again or last) and self._is_noted(delivery, outcome)
        try:
            answer = self._receiver.begin_settle(delivery, outcome, hold=hold)
        except (*BROKER_TROUBLE, *UNSTORABLE):
            self.settle(delivery, outcome, again=again)
            return
        self._sent.append(_Sent(delivery, outcome, again, hold, now, answer))
        if hold and self._held_at is None:
            self._held_at = now
        self.hear(UNHEARD)

    def hear(self, most: int = 0, *, held_up: bool = False) -> None:
        """Wait until at most ``most`` are unanswered; what got no answer is settled again, which does no harm.

        ``held_up``: a task took so long meanwhile that the supervisor may have settled what was held.
        """
        while len(self._sent) > most:
            sent = self._sent.popleft()
            try:
                settled = sent.answer()
            except (*BROKER_TROUBLE, *UNSTORABLE):
                # Of an end that leaves nothing behind no broker can tell whose it was.
                self.settle(sent.delivery, sent.outcome, again=sent.again or not sent.outcome.keep)
                continue
            _say_lost(sent.delivery, settled=settled, again=sent.again or (held_up and sent.held))
        if not self._sent:
            self._held_at = None
            if self._ledger is not None:
                self._ledger.clear()

    def _is_noted(self, delivery: Delivery, outcome: Outcome) -> bool:
        """Return whether the supervisor can answer for it; where there is no more room, that is made."""
        if self._ledger is None:
            return False
        if self._ledger.add(delivery, outcome):
            return True
        if self._ledger.is_empty:
            return False
        self.hear()
        return self._ledger.add(delivery, outcome)


def _say_lost(delivery: Delivery, *, settled: bool, again: bool) -> None:
    if not settled and not again:
        _complain("the lease was lost during the run; the outcome is dropped", delivery, None)


def _complain(sentence: str, delivery: Delivery, error: str | None) -> None:
    fields = {"action": "unsettled", "message_id": delivery.message.id, "task": delivery.message.task}
    logger.warning(sentence, extra={**fields, "attempt": delivery.attempt, "error": error})
