"""A soft time limit: an exception raised inside the task, in time for it to clean up."""

import asyncio
import signal
import threading
from collections.abc import Coroutine, Generator
from functools import partial
from types import FrameType, TracebackType
from typing import Any, Self

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
            raise SoftTimeLimitExceeded(_text(self._seconds))


class AsyncSoftLimit:
    """To be awaited for ``coroutine``: raises SoftTimeLimitExceeded once at what that awaits after ``seconds``.

    An exception out of a signal could hit the loop itself. What is awaited is cancelled, and whatever comes of that the
    coroutine gets the exception instead; it may catch it and go on.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Any], seconds: float) -> None:
        self._coroutine = coroutine
        self._seconds = seconds
        self._due = False

    def __await__(self) -> Generator[Any, Any, Any]:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  a coroutine is awaited by a task of the loop
        timer = task.get_loop().call_later(self._seconds, self._expired, task)
        try:
            return (yield from self._driven(task))
        except _SoftCancelled as error:
            # To the loop it would be the task's end by cancellation.
            raise SoftTimeLimitExceeded(*error.args).with_traceback(error.__traceback__) from None
        finally:
            timer.cancel()

    def _driven(self, task: asyncio.Task[Any]) -> Generator[Any, Any, Any]:
        step = partial(self._coroutine.send, None)
        while True:
            try:
                awaited = step()
            except StopIteration as end:
                return end.value
            try:
                step = partial(self._coroutine.send, (yield awaited))
            except BaseException as error:  # noqa: BLE001  all that is thrown is the coroutine's
                step = partial(self._coroutine.throw, error)
            if self._due:
                self._due = False
                task.uncancel()
                step = partial(self._coroutine.throw, _SoftCancelled(_text(self._seconds)))

    def _expired(self, task: asyncio.Task[Any]) -> None:
        self._due = True
        task.cancel()


class _SoftCancelled(SoftTimeLimitExceeded, asyncio.CancelledError):
    """The limit as a coroutine gets it: groups of tasks, and others that wait for several, cancel those at it."""


# Users see it where they log it, under the name that they know.
_SoftCancelled.__name__ = _SoftCancelled.__qualname__ = SoftTimeLimitExceeded.__name__
_SoftCancelled.__module__ = SoftTimeLimitExceeded.__module__


def _text(seconds: float | None) -> str:
    return f"soft time limit of {seconds:g} s exceeded"
