"""One long-lived function in a process of its own, as its parent sees it."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from beatd.ports import Clock
from beatd.processes.backoff import Backoff
from beatd.processes.fork import fork
from beatd.processes.process import Process
from beatd.processes.pulse import Pulse


@dataclass(frozen=True, slots=True)
class Part:
    """A name and the function that is to run for good; it is given what to call when ready and at each tick."""

    name: str
    function: Callable[[Callable[[], None]], int | None]


class Member:
    """The running process of a part, or the moment from which it may be started again. Microseconds, elapsed."""

    def __init__(self, part: Part, clock: Clock) -> None:
        self.name = part.name
        self._function = part.function
        self._clock = clock
        self._backoff = Backoff()
        self._reader = -1
        self._started_at = 0
        self._process: Process | None = None
        self.start_at = 0
        self.pulses = 0
        self.pulsed_at = 0
        self.was_ready = False

    @property
    def pid(self) -> int | None:
        """The number of the running process."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Fork the process."""
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        pulse = Pulse(writer, self._clock)
        self._started_at = self._clock.elapsed()
        self.pulses = 0
        self._process = Process(fork(lambda: self._function(pulse), own_group=True))
        os.close(writer)
        self._reader = reader

    def fileno(self) -> int:
        """Return the descriptor that is readable when the process has pulsed, -1 while there is none."""
        return self._reader

    def listen(self) -> None:
        """Take note of pulses."""
        with suppress(BlockingIOError):
            received = len(os.read(self._reader, 4096))
            if received:
                self.pulses += received
                self.was_ready = True
                self.pulsed_at = self._clock.elapsed()
            else:
                # It has ended, which SIGCHLD tells; an end of file would wake the loop for ever.
                self._forget_pipe()

    def send(self, signum: signal.Signals) -> None:
        """Send a signal to the process, SIGKILL to all that it has started too."""
        if self._process is None:
            return
        if signum is signal.SIGKILL:
            self._process.kill()
        else:
            self._process.send(signum)

    def reap(self) -> int | None:
        """Return the exit code (negative: the signal) if the process has ended, and plan its next start."""
        code = None if self._process is None else self._process.reap()
        if code is None:
            return None
        self._process = None
        self._forget_pipe()
        now = self._clock.elapsed()
        self.start_at = now + self._backoff.failed(now - self._started_at)
        return code

    def _forget_pipe(self) -> None:
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1
