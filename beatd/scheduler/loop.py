"""The scheduler's process: ticks, and sleeps until the next fire, a signal or an edit."""

import faulthandler
import logging
import select
import signal
from collections.abc import Callable, Sequence
from typing import Protocol

from beatd.errors import BrokerUnavailableError
from beatd.ports import Clock
from beatd.processes.backoff import Backoff
from beatd.processes.repeated import Repeated
from beatd.processes.signals import SignalInbox
from beatd.scheduler.engine import Scheduler
from beatd.scheduler.timekeeper import SECOND

_log = logging.getLogger("beatd.scheduler")

# TSTP and CONT are for workers; taken note of here, so that they do not stop the schedule as they do by default.
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTSTP, signal.SIGCONT)

SETTLED = 5 * SECOND
"""Within it leases are renewed twice, so that a store which refuses that alone is not taken for one that works."""


class Hints(Protocol):
    """Something that becomes readable when there is something to look at."""

    def fileno(self) -> int:
        """Return the descriptor to wait on."""

    def changed(self) -> bool:
        """Take note of what arrived; return whether a file changed."""


class Loop:
    """Runs one scheduler until it is told to stop."""

    def __init__(
        self,
        scheduler: Scheduler,
        inbox: SignalInbox,
        hints: Sequence[Hints],
        clock: Clock,
        *,
        pulse: Callable[[], None],
    ) -> None:
        self._scheduler = scheduler
        self._inbox = inbox
        self._hints = hints
        # The watchdog is fed by the tick itself: a thread of its own would live on beside a tick that hangs.
        self._pulse = pulse
        self._outage = Repeated(_log, clock, "the store", settled=SETTLED)
        self._backoff = Backoff()
        self._stopping = False

    def run(self) -> None:
        """Tick until TERM, INT or QUIT; then give the parts back."""
        while not self._stopping:
            wait = self._turn()
            self._pulse()
            self._sleep(wait)
        self._scheduler.stop()

    def _turn(self) -> int:
        try:
            wait = self._scheduler.tick()
        except BrokerUnavailableError as error:
            self._outage.failed(error)
            return self._backoff.failed()
        self._outage.recovered()
        self._backoff.recovered()
        return wait

    def _sleep(self, wait: int) -> None:
        readable, _, _ = select.select(
            [self._inbox.fileno(), *(hint.fileno() for hint in self._hints)], [], [], wait / SECOND
        )
        for number in self._inbox.drain():
            self._handle(number)
        # Each of them is asked, because asking also takes its hints away.
        if any([hint.changed() for hint in self._hints if hint.fileno() in readable]):  # noqa: C419  as said above
            self._scheduler.look()

    def _handle(self, number: signal.Signals) -> None:
        if number == signal.SIGHUP:
            _log.info("reading the schedules again", extra={"action": "reload"})
            self._scheduler.look(forced=True)
        elif number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            self._stopping = True


def dump_stacks_on_usr1() -> None:
    """Write all stacks to standard error on USR1, also while the process hangs."""
    faulthandler.register(signal.SIGUSR1, all_threads=True)
