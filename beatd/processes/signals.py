"""Signals as something to read: handlers do nothing, the loop takes note when it is ready."""

import signal
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import Self

from beatd.processes.wakepipe import WakePipe


def _taken_note(_signum: int, _frame: FrameType | None) -> None:
    """Do nothing: the interpreter has written the number to the wake-up pipe already.

    Logging or locking here could deadlock the interrupted code.
    """


class SignalInbox:
    """Collects signals in a pipe; ``fileno`` is readable while some wait. Must be made in the main thread."""

    def __init__(self, numbers: Iterable[int], pipe: WakePipe | None = None) -> None:
        self._pipe = pipe or WakePipe()
        self.poke = self._pipe.ring
        self._former_fd = signal.set_wakeup_fd(self._pipe.writer, warn_on_full_buffer=False)
        self._former = {number: signal.signal(number, _taken_note) for number in numbers}

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._pipe.fileno()

    def drain(self) -> list[signal.Signals]:
        """Return the signals that came since the last call, in their order."""
        return [signal.Signals(number) for number in self._pipe.drain()]

    def close(self) -> None:
        """Put the former handlers back."""
        signal.set_wakeup_fd(self._former_fd)
        for number, handler in self._former.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
