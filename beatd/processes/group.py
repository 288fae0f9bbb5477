"""Several long-lived functions, each in its own process, under one parent that restarts what dies."""

import logging
import select
import signal
from collections.abc import Sequence
from typing import Final

from beatd.ports import Clock
from beatd.processes.drain import Drain
from beatd.processes.fork import STARTUP_FAILURE
from beatd.processes.member import Member, Part
from beatd.processes.notify import Notifier
from beatd.processes.signals import SignalInbox
from beatd.processes.stacks import stacks_at_usr1
from beatd.processes.terminal import has_terminal

SECOND: Final = 1_000_000
_KILL_AFTER: Final = 5 * SECOND
_TICK: Final = 1 * SECOND
_HEEDED: Final = (
    signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGTSTP, signal.SIGCONT,
    signal.SIGCHLD,
)  # fmt: skip

logger = logging.getLogger("beatd.run")


class Group:
    """Runs parts, the later ones once the former were ready, until it is told to stop.

    TERM or INT asks them to end, a second one is passed on as QUIT, then KILL. HUP, USR1, TSTP and CONT are passed on;
    HUP with a controlling terminal is a TERM. The parts are out of the terminal's reach and die with this process.
    ``stop_timeout`` (microseconds) bounds the first request to end.
    """

    def __init__(
        self, parts: Sequence[Part], *, clock: Clock, stop_timeout: int, notifier: Notifier | None = None
    ) -> None:
        self._members = [Member(part, clock) for part in parts]
        self._clock = clock
        self._notifier = Notifier() if notifier is None else notifier
        self._drain = Drain(clock, self._notifier, stop_timeout)
        self._killed = False
        self._code = 0
        self._announced = False
        self._tick = min(_TICK, (self._notifier.watchdog_interval or _TICK) // 2)

    def run(self) -> int:
        """Run until all parts have ended, and return the exit code: 0 when asked to stop, 1 for a failed start-up."""
        with SignalInbox(_HEEDED) as inbox, stacks_at_usr1():
            while not self._over():
                self._start_missing()
                self._wait(inbox)
                for signum in inbox.drain():
                    self._on_signal(signum)
                self._reap()
                self._press_on()
                self._tell_systemd()
        return self._code

    def _over(self) -> bool:
        return self._drain.begun and not any(member.pid for member in self._members)

    def _start_missing(self) -> None:
        if self._drain.begun:
            return
        now = self._clock.elapsed()
        for member in self._members:
            if member.pid is None and member.start_at <= now:
                member.start()
                logger.debug("%s started", member.name, extra={"action": "start", "pid": member.pid})
            # The next one begins when this one has been ready once: it may find that nothing here should run at all.
            if not member.was_ready:
                return

    def _wait(self, inbox: SignalInbox) -> None:
        now = self._clock.elapsed()
        moments = [now + self._tick]
        moments += [member.start_at for member in self._members if member.pid is None and not self._drain.begun]
        if self._drain.until is not None:
            moments.append(self._drain.until + _KILL_AFTER)
        timeout = max(0, min(moments) - now) / SECOND
        listening = [member for member in self._members if member.fileno() >= 0]
        readable, _, _ = select.select([inbox.fileno(), *(member.fileno() for member in listening)], [], [], timeout)
        for member in listening:
            if member.fileno() in readable:
                member.listen()

    def _on_signal(self, signum: signal.Signals) -> None:
        if signum is signal.SIGCHLD:
            return
        if signum is signal.SIGHUP and has_terminal():
            signum = signal.SIGTERM
        if signum in {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}:
            self._stop(now=signum is signal.SIGQUIT)
            return
        if signum is signal.SIGHUP:
            self._notifier.reloading()
        self._send(signum)
        if signum is signal.SIGHUP:
            self._notifier.ready()

    def _stop(self, *, now: bool) -> None:
        at_once = self._drain.ask(now=now)
        logger.info("stopping now" if at_once else "stopping", extra={"action": "stop"})
        self._send(signal.SIGQUIT if at_once else signal.SIGTERM)

    def _press_on(self) -> None:
        """Kill what has not ended in time."""
        until = self._drain.until
        if until is not None and self._clock.elapsed() >= until + _KILL_AFTER and not self._killed:
            self._killed = True
            self._send(signal.SIGKILL)

    def _reap(self) -> None:
        for member in self._members:
            code = member.reap()
            if code is None or self._drain.begun:
                continue
            # Who was ready once is started again whatever happened: it may be mended, and the others go on.
            if code == STARTUP_FAILURE and not member.was_ready:
                self._code = 1
                self._stop(now=False)
                continue
            logger.error(
                "%s ended unexpectedly and is started again",
                member.name,
                extra={"action": "restart", "exit_code": code},
            )

    def _send(self, signum: signal.Signals) -> None:
        for member in self._members:
            member.send(signum)

    def _tell_systemd(self) -> None:
        if not self._announced and all(member.pulses for member in self._members):
            self._announced = True
            self._notifier.ready()
            logger.info("ready", extra={"action": "ready"})
        interval, now = self._notifier.watchdog_interval, self._clock.elapsed()
        if interval is not None and all(self._ticks(member, now, interval) for member in self._members):
            self._notifier.feed(now)

    def _ticks(self, member: Member, now: int, interval: int) -> bool:
        """Return whether the member may vouch for the whole; one that pulsed only once is not one that ticks."""
        if self._drain.begun or member.pid is None:
            return True
        return member.pulses < 2 or now - member.pulsed_at < interval
