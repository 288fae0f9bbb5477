"""A worker in one process: tasks in the main thread, everything else in a second one."""

import faulthandler
import logging
import os
import select
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Final
from uuid import uuid4

from beatd.processes.notify import Notifier
from beatd.processes.signals import SignalInbox
from beatd.processes.terminal import has_terminal
from beatd.worker.child import Child
from beatd.worker.duties import Duties, Return
from beatd.worker.entry import load
from beatd.worker.loss import lost
from beatd.worker.slots import Order, Slot, SlotBoard
from beatd.worker.spec import WorkerSpec
from beatd.worker.supervisor import HEEDED

SECOND: Final = 1_000_000
_TICK: Final = 1 * SECOND

logger = logging.getLogger("beatd.worker")


class Solo:
    """Runs one task at a time without any fork. It cannot enforce hard time limits, nor load the application anew."""

    def __init__(
        self, spec: WorkerSpec, *, ready: Callable[[], None] | None = None, notifier: Notifier | None = None
    ) -> None:
        self._spec = spec
        self._clock = spec.clock
        self._ready = ready
        self._notifier = Notifier() if notifier is None else notifier
        self._board = SlotBoard(1)
        self._owner = f"{spec.name}/{uuid4().hex[:6]}"
        self._kill_at: int | None = None
        self._begun = self._warned = self._ended = False
        self._tick = min(_TICK, self._notifier.watchdog_interval or _TICK)
        self._duties = Duties(spec, socket.gethostname(), os.getpid())

    def run(self) -> int:
        """Run until told to stop; return the exit code."""
        if not load(self._spec.load_app):
            return 1
        with SignalInbox(HEEDED) as inbox:
            with suppress(ValueError, OSError, RuntimeError, AttributeError):
                faulthandler.register(signal.SIGUSR1, all_threads=True, chain=True)
            # Its own connection and all signals: both must go on while a task holds the main thread.
            attendant = Thread(target=self._attend, args=(inbox,), name="beatd-solo", daemon=True)
            attendant.start()
            broker = self._spec.open_broker()
            try:
                return Child(self._spec, broker, Slot(self._board, 0), owner=self._owner, poke=self._on_poke).run()
            finally:
                self._ended = True
                inbox.poke()
                attendant.join(2 * self._spec.lease / SECOND)
                broker.close()
                faulthandler.unregister(signal.SIGUSR1)

    def _on_poke(self) -> None:
        """Note that the application and the broker are there, or that a task with a hard limit begins."""
        if not self._begun:
            self._begun = True
            self._notifier.ready()
            logger.info("worker ready", extra={"action": "ready", "worker": self._spec.name})
            return
        if not self._warned:
            self._warned = True
            logger.warning(
                "the solo pool does not enforce time_limit; soft_time_limit holds", extra={"action": "limit"}
            )

    def _attend(self, inbox: SignalInbox) -> None:
        while not self._ended:
            until = min(self._duties.next_at(), self._clock.elapsed() + self._tick, self._kill_at or 2**62)
            select.select([inbox], [], [], max(0, until - self._clock.elapsed()) / SECOND)
            for signum in inbox.drain():
                self._on_signal(signum)
            self._duties.turn([self._owner], self._describe)
            if self._kill_at is not None and self._clock.elapsed() >= self._kill_at and not self._ended:
                self._give_up()
            if self._ready is not None and self._begun:
                self._ready()
            if self._notifier.watchdog_interval is not None:
                self._notifier.alive()
        self._finish()

    def _on_signal(self, signum: signal.Signals) -> None:
        if signum is signal.SIGHUP and self._ready is None and has_terminal():
            signum = signal.SIGTERM
        match signum:
            case signal.SIGTERM | signal.SIGINT | signal.SIGQUIT:
                at_once = signum is signal.SIGQUIT or self._kill_at is not None
                self._notifier.stopping()
                sight = self._board.read(0)
                fields = {"action": "stop", "running": int(sight is not None and sight.message is not None)}
                logger.info("stopping now" if at_once else "draining", extra=fields)
                self._board.order(0, Order.LEAVE)
                self._kill_at = self._clock.elapsed() + (0 if at_once else self._spec.drain_timeout)
            case signal.SIGHUP:
                logger.warning("the solo pool cannot load the application anew", extra={"action": "reload"})
            case signal.SIGTSTP | signal.SIGCONT if self._kill_at is None:
                self._board.order(0, Order.QUIET if signum is signal.SIGTSTP else Order.RUN)

    def _give_up(self) -> None:
        """Give the running message back and end the process in the middle of the task."""
        sight = self._board.read(0)
        settle = None
        if sight is not None and sight.message is not None:
            settle = lost(sight.message, sight, self._owner, self._clock, "was told to stop")
        self._duties.give_back(Return(owner=self._owner, penalty=False, settle=settle))
        self._finish()
        os._exit(0)

    def _finish(self) -> None:
        self._duties.finish()
        logger.info("stopped", extra={"action": "stopped", "given_back": self._duties.given_back})

    def _describe(self) -> list[dict[str, object]]:
        sight = self._board.read(0)
        state = "starting" if sight is None else "idle" if sight.message is None else "busy"
        return [{"pid": os.getpid(), "owner": self._owner, "state": state, "done": sight.done if sight else 0}]
