"""The parent of the worker's children: runs no user code, forks, watches, restarts and drains."""

import logging
import os
import select
import signal
import socket
from collections.abc import Callable, Mapping
from typing import Final

from beatd.processes.drain import Drain
from beatd.processes.fork import STARTUP_FAILURE
from beatd.processes.notify import Notifier
from beatd.processes.signals import SignalInbox
from beatd.processes.stacks import stacks_at_usr1
from beatd.processes.terminal import has_terminal
from beatd.worker.brood import Brood, of_run
from beatd.worker.duties import Duties
from beatd.worker.loss import how_it_ended
from beatd.worker.roster import Cause, ChildRecord
from beatd.worker.service import HEEDED
from beatd.worker.slots import Order, Quiet, Sight
from beatd.worker.spec import WorkerSpec
from beatd.worker.storm import Storm
from beatd.worker.template.early import EarlyTemplate
from beatd.worker.template.nursery import Template

SECOND: Final = 1_000_000
_TICK: Final = 1 * SECOND
_DEATH: Final = "a child ended unexpectedly and is replaced"
_NO_TEMPLATE: Final = "the process that children are forked from ended unexpectedly, and is replaced"
_STORM: Final = "children end soon after their start; they are started ever more slowly, 30 s apart at most"

logger = logging.getLogger("beatd.worker")


class Supervisor:
    """Keeps ``concurrency`` children at work.

    TERM or INT: drain, at most ``drain_timeout`` long; a second one, or QUIT: now. HUP: replace the children one by
    one, with the application as it is then (drain, where a terminal controls this process and it is nobody's part).
    USR2: as HUP, with a terminal too. USR1: stacks to standard error. TSTP: claim nothing; CONT: claim again.
    ``ready``: called once the children are ready and then at each tick; given by a parent whose part this is.
    ``early``: a template that this process has begun already.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        *,
        ready: Callable[[], None] | None = None,
        notifier: Notifier | None = None,
        early: EarlyTemplate | None = None,
    ) -> None:
        self._spec = spec
        self._early = early
        self._clock = spec.clock
        self._ready = ready
        self._notifier = Notifier() if notifier is None else notifier
        self._duties = Duties(spec, socket.gethostname(), os.getpid())
        self._storm = Storm(spec.clock)
        self._drain = Drain(spec.clock, self._notifier, spec.drain_timeout)
        self._code = 0
        self._announced = False
        self._begun = False
        self._cut = False
        self._tick = min(_TICK, (self._notifier.watchdog_interval or _TICK) // 2)

    def run(self) -> int:
        """Run until told to stop, or until the first child cannot start; return the exit code."""
        with SignalInbox(HEEDED, None if self._early is None else self._early.wake) as inbox, stacks_at_usr1():
            self._brood = Brood(self._spec, self._duties, inbox.poke, self._early)
            self._quiet = Quiet(self._brood.tell)
            try:
                self._loop(inbox)
            finally:
                self._brood.close()
            self._duties.finish()
        return self._code

    def _loop(self, inbox: SignalInbox) -> None:
        while not self._drain.begun or self._brood.roster.children:
            if not self._drain.begun:
                self._brood.fill()
            self._wait(inbox)
            for signum in inbox.drain():
                self._on_signal(signum)
            for child, code, sight in self._brood.reap():
                self._on_death(child, code, sight)
            for template, code in self._brood.lost_templates():
                self._on_lost_template(template, code)
            self._brood.look()
            if self._storm.lasting and self._brood.roster.is_calm(self._clock.elapsed()):
                self._storm.over()
            if self._drain.is_over():
                self._cut_off()
            self._duties.turn(self._brood.owners(), self._brood.describe)
            self._tell_parents()

    def _wait(self, inbox: SignalInbox) -> None:
        now = self._clock.elapsed()
        moments = (self._brood.next_at(), self._duties.next_at(), self._drain.until, now + self._tick)
        until = min(moment for moment in moments if moment is not None)
        select.select([inbox], [], [], max(0, until - now) / SECOND)

    def _on_signal(self, signum: signal.Signals) -> None:
        if signum is signal.SIGHUP and self._ready is None and has_terminal():
            signum = signal.SIGTERM
        match signum:
            case signal.SIGTERM | signal.SIGINT:
                self._stop(now=False)
            case signal.SIGQUIT:
                self._stop(now=True)
            case signal.SIGHUP | signal.SIGUSR2:
                self._reload()
            case signal.SIGUSR1:
                self._brood.signal(signal.SIGUSR1)
            case signal.SIGTSTP | signal.SIGCONT if not self._drain.begun:
                self._quiet.set(lasts=signum is signal.SIGTSTP)

    def _stop(self, *, now: bool) -> None:
        if not self._drain.begun:
            self._duties.count_anew()
        at_once = self._drain.ask(now=now)
        fields = {"action": "stop", "running": self._brood.running()}
        logger.info("stopping now" if at_once else "draining", extra=fields)
        self._brood.tell(Order.LEAVE)

    def _cut_off(self) -> None:
        running = 0 if self._cut else self._brood.running()
        self._cut = True
        if running:
            fields = {"action": "drain_timeout", "running": running}
            logger.warning("tasks still run when the time to drain is over; they are killed", extra=fields)
        self._brood.kill_all(Cause.DRAIN)

    def _reload(self) -> None:
        if self._drain.begun:
            return
        logger.info("replacing the children one by one", extra={"action": "reload"})
        self._notifier.reloading()
        self._announced = False
        self._brood.roster.reload()

    def _on_death(self, child: ChildRecord, code: int, sight: Sight | None) -> None:
        if child.leaving or child.killed is not None or self._drain.begun:
            return
        fields = {"action": "restart", "pid": child.pid, "worker": child.owner, "exit_code": code, **of_run(sight)}
        if code == STARTUP_FAILURE and not child.ready:
            self._on_failed_start(child.generation, fields)
            return
        fields["error"] = f"its process {how_it_ended(code)}"
        if sight is not None and sight.message is not None:
            # It names the task that may be to blame, and none is tried for ever.
            logger.error(_DEATH, extra=fields)
        else:
            self._tell(_DEATH, fields, _STORM)

    def _on_lost_template(self, template: Template, code: int) -> None:
        if self._drain.begun:
            return
        fields = {"action": "restart", "pid": template.process.pid, "exit_code": code}
        if code == STARTUP_FAILURE or template.asked_at is not None:
            self._on_failed_start(template.generation, fields)
        else:
            fields["error"] = f"it {how_it_ended(code)}"
            self._tell(_NO_TEMPLATE, fields)

    def _on_failed_start(self, generation: int, fields: Mapping[str, object]) -> None:
        roster = self._brood.roster
        if generation != roster.generation:
            logger.warning("the application could not be loaded; it has changed since", extra=fields)
        elif self._brood.keep_former():
            self._tell("the application cannot be loaded; the children of before go on", fields)
        elif roster.ever_ready:
            self._tell("the application cannot be loaded any more; it is tried again", fields)
        else:
            logger.error("the application cannot be loaded", extra=fields)
            self._code = 1 if self._ready is None else STARTUP_FAILURE
            self._stop(now=False)

    def _tell(self, sentence: str, fields: Mapping[str, object], of_many: str | None = None) -> None:
        """Log a death that no task is to blame for, and those that follow it soon as one."""
        roster = self._brood.roster
        if roster.is_storm():
            self._storm.death(of_many or sentence, fields, max(0, roster.start_at - self._clock.elapsed()))
        else:
            logger.error(sentence, extra=fields)

    def _tell_parents(self) -> None:
        if not self._announced and self._brood.roster.complete():
            self._announced = self._begun = True
            self._notifier.ready()
            logger.info("worker ready", extra={"action": "ready", **self._spec.told})
        if self._ready is not None and self._begun:
            self._ready()
        self._notifier.feed(self._clock.elapsed())
