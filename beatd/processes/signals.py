"""Signals as something to read: handlers do nothing, the loop takes note when it is ready."""

import os
import signal
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import Self


def _taken_note(_signum: int, _frame: FrameType | None) -> None:
    """Do nothing: the interpreter has written the number to the wake-up pipe already.

    Logging or locking here could deadlock the interrupted code.
    """


class Bell:
    """The pipe of an inbox; made before it, it can be had by a process that is forked before there is one."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self.writer, False)

    def ring(self) -> None:
        """Make the inbox readable, from any process that has the pipe; SIGCHLD, as nobody is misled by it."""
        # A full pipe has been noticed already.
        try:
            os.write(self.writer, bytes([signal.SIGCHLD]))
        except BlockingIOError:
            return

    def close(self) -> None:
        """Close the pipe in this process; more than once does no harm."""
        if self.reader >= 0:
            os.close(self.reader)
            os.close(self.writer)
            self.reader = self.writer = -1


class SignalInbox:
    """Collects signals in a pipe; ``fileno`` is readable while some wait. Must be made in the main thread."""

    def __init__(self, numbers: Iterable[int], bell: Bell | None = None) -> None:
        self._bell = bell or Bell()
        self.poke = self._bell.ring
        self._former_fd = signal.set_wakeup_fd(self._bell.writer, warn_on_full_buffer=False)
        self._former = {number: signal.signal(number, _taken_note) for number in numbers}

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._bell.reader

    def drain(self) -> list[signal.Signals]:
        """Return the signals that came since the last call, in their order."""
        try:
            received = os.read(self._bell.reader, 4096)
        except BlockingIOError:
            return []
        return [signal.Signals(number) for number in received]

    def close(self) -> None:
        """Put the former handlers back."""
        signal.set_wakeup_fd(self._former_fd)
        for number, handler in self._former.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._bell.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
