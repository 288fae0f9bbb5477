"""A soft time limit: an exception raised inside the task, in time for it to clean up."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Self

from beatd.errors import SoftTimeLimitExceeded
from beatd.worker.thread_limit import ThreadLimit


def soft_limit(seconds: float | None) -> "SoftLimit | ThreadLimit":
    """Return the limit that works in this thread; ``seconds`` None: never."""
    return (SoftLimit if threading.current_thread() is threading.main_thread() else ThreadLimit)(seconds)


class SoftLimit:
    """Raises SoftTimeLimitExceeded once in the main thread after ``seconds`` (None: never), by SIGALRM.

    A task that catches it goes on, and is left alone; one that hangs outside Python's bytecode needs a hard limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._armed = False

    def __enter__(self) -> Self:
        if self._seconds is not None:
            signal.signal(signal.SIGALRM, self._expired)
            # An earlier task may have blocked it.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
            self._armed = True
            signal.setitimer(signal.ITIMER_REAL, max(self._seconds, 1e-6))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Before the timer is stopped, which may already have fired: nothing is raised outside the task.
        self._armed = False
        if self._seconds is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _expired(self, _signum: int, _frame: FrameType | None) -> None:
        if self._armed:
            self._armed = False
            raise SoftTimeLimitExceeded(f"soft time limit of {self._seconds:g} s exceeded")
