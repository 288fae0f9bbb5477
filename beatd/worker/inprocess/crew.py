"""Loops that claim and run tasks in threads of this process, and what is done for them meanwhile."""

import logging
import os
import select
import signal
import socket
from collections.abc import Callable
from typing import Final

from beatd.processes.drain import Drain
from beatd.processes.notify import Notifier
from beatd.processes.signals import SignalInbox
from beatd.processes.terminal import has_terminal
from beatd.worker.child import STALL
from beatd.worker.duties import Duties, Return
from beatd.worker.inprocess.loops import Loops
from beatd.worker.loss import Loss, lost
from beatd.worker.slots import Order, Quiet, Sight
from beatd.worker.spec import WorkerSpec

SECOND: Final = 1_000_000
_TICK: Final = 1 * SECOND

logger = logging.getLogger("beatd.worker")


class Crew:
    """Does for ``loops`` what a supervisor does for its children, in a thread where no task can be in its way.

    It cannot end a task that runs, but with the whole process: hard limits do not hold, and what is revoked goes on.
    TERM or INT: drain, at most ``drain_timeout`` long; a second one, or QUIT: now. TSTP: claim nothing; CONT: claim
    again. ``ready``: as for the supervisor.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        loops: Loops,
        inbox: SignalInbox,
        *,
        ready: Callable[[], None] | None = None,
        notifier: Notifier | None = None,
    ) -> None:
        self._spec = spec
        self._clock = spec.clock
        self._loops = loops
        self._inbox = inbox
        self._ready = ready
        self._notifier = Notifier() if notifier is None else notifier
        self._duties = Duties(spec, socket.gethostname(), os.getpid())
        self._drain = Drain(spec.clock, self._notifier, spec.drain_timeout)
        self._quiet = Quiet(loops.tell)
        self._announced = False
        self._tick = min(_TICK, (self._notifier.watchdog_interval or 2 * _TICK) // 2)
        self._returned: dict[str, tuple[str, int] | None] = {}

    def attend(self) -> None:
        """Renew leases, heed signals and report, until every loop has ended."""
        while self._loops.working():
            self._wait()
            for signum in self._inbox.drain():
                self._on_signal(signum)
            self._return_tails()
            for failed in self._loops.failed():
                if failed.sight is not None and failed.sight.tail:
                    self._duties.give_back(Return(owner=failed.owner, ids=failed.sight.tail, penalty=False))
                self._duties.give_back(self._lost(failed.owner, failed.sight, failed.how, penalty=True))
            self._duties.turn(self._loops.owners(), self._describe)
            if self._drain.is_over() and self._loops.working():
                self._give_up()
            self._tell_parents()
        for owner in self._loops.owners():
            # What a loop could not give back, or did not know that it had claimed.
            self._duties.give_back(Return(owner=owner, penalty=False))
        self._duties.finish()

    def _wait(self) -> None:
        now = self._clock.elapsed()
        moments = [now + self._tick, self._duties.next_at(), 2**62 if self._drain.until is None else self._drain.until]
        moments += [max(sight.started_at + 2 * STALL, now + STALL) for _, sight in self._with_tails()]
        select.select([self._inbox], [], [], max(0, min(moments) - now) / SECOND)

    def _on_signal(self, signum: signal.Signals) -> None:
        if signum is signal.SIGHUP and self._ready is None and has_terminal():
            signum = signal.SIGTERM
        match signum:
            case signal.SIGTERM | signal.SIGINT | signal.SIGQUIT:
                self._stop(now=signum is signal.SIGQUIT)
            case signal.SIGHUP | signal.SIGUSR2:
                fields = {"action": "reload"}
                logger.warning("the %s pool cannot load the application anew", self._spec.pool, extra=fields)
            case signal.SIGTSTP | signal.SIGCONT if not self._drain.begun:
                self._quiet.set(lasts=signum is signal.SIGTSTP)

    def _stop(self, *, now: bool) -> None:
        if not self._drain.begun:
            self._duties.count_anew()
        at_once = self._drain.ask(now=now)
        fields = {"action": "stop", "running": len(self._running())}
        logger.info("stopping now" if at_once else "draining", extra=fields)
        self._loops.tell(Order.LEAVE)

    def _return_tails(self) -> None:
        """Put back what loops have claimed beside tasks that turned out slow: others could run it."""
        now = self._clock.elapsed()
        for owner, sight in self._with_tails():
            if now - sight.started_at >= 2 * STALL and self._returned.get(owner) != sight.run:
                self._returned[owner] = sight.run
                self._duties.give_tail_back(owner, sight)

    def _with_tails(self) -> list[tuple[str, Sight]]:
        return [(owner, sight) for owner, sight in self._loops.sights() if sight is not None and sight.tail]

    def _running(self) -> list[tuple[str, Sight]]:
        return [(owner, sight) for owner, sight in self._loops.sights() if sight is not None and sight.message]

    def _give_up(self) -> None:
        """Give the running messages back and end the process in the middle of their tasks."""
        running = self._running()
        if running:
            fields = {"action": "drain_timeout", "running": len(running)}
            logger.warning("tasks still run when the time to drain is over; they end with the process", extra=fields)
        for owner, sight in self._loops.sights():
            self._duties.give_back(self._lost(owner, sight, "was told to stop", penalty=False))
        self._duties.finish()
        os._exit(0)

    def _lost(self, owner: str, sight: Sight | None, how: str, *, penalty: bool) -> Return:
        settle: Loss | None = None
        if sight is not None and sight.message is not None:
            settle = lost(sight.message, sight, owner, self._clock, how)
        return Return(owner=owner, penalty=penalty, settle=settle)

    def _tell_parents(self) -> None:
        if not self._announced and self._loops.complete():
            self._announced = True
            self._notifier.ready()
            logger.info("worker ready", extra={"action": "ready", **self._spec.told})
        if self._ready is not None and self._announced:
            self._ready()
        self._notifier.feed(self._clock.elapsed())

    def _describe(self) -> list[dict[str, object]]:
        now = self._clock.elapsed()
        return [_described(owner, sight, now) for owner, sight in self._loops.sights()]


def _described(owner: str, sight: Sight | None, now: int) -> dict[str, object]:
    state = "starting" if sight is None else "idle" if sight.message is None else "busy"
    fields = {"pid": os.getpid(), "owner": owner, "state": state, "done": sight.done if sight else 0}
    return fields | (sight.described(now) if sight else {})
