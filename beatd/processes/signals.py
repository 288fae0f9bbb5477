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


class SignalInbox:
    """Collects signals in a pipe; ``fileno`` is readable while some wait. Must be made in the main thread."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._former_fd = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._former = {number: signal.signal(number, _taken_note) for number in numbers}

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._reader

    def drain(self) -> list[signal.Signals]:
        """Return the signals that came since the last call, in their order."""
        try:
            received = os.read(self._reader, 4096)
        except BlockingIOError:
            return []
        return [signal.Signals(number) for number in received]

    def poke(self) -> None:
        """Make ``fileno`` readable from another process that shares the pipe; SIGCHLD, as nobody is misled by it."""
        # A full pipe has been noticed already.
        try:
            os.write(self._writer, bytes([signal.SIGCHLD]))
        except BlockingIOError:
            return

    def close(self) -> None:
        """Put the former handlers back."""
        signal.set_wakeup_fd(self._former_fd)
        for number, handler in self._former.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        os.close(self._reader)
        os.close(self._writer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
