"""A soft time limit outside the main thread, where no signal's handler runs."""

import ctypes
import threading
from enum import Enum, auto
from types import TracebackType
from typing import Self

from beatd.errors import SoftTimeLimitExceeded


class _State(Enum):
    ARMED = auto()
    RAISED = auto()
    OVER = auto()


class ThreadLimit:
    """Raises SoftTimeLimitExceeded once in the thread that enters it after ``seconds`` (None: never).

    The interpreter raises it with the next bytecode: a call that waits in C (a read, a lock, ``time.sleep``) has to
    return first.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._state = _State.OVER
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        if self._seconds is not None:
            self._timer = threading.Timer(self._seconds, self._expired, (threading.get_ident(),))
            self._timer.name, self._timer.daemon = "beatd-soft-limit", True
            with self._lock:
                # Held meanwhile: what is raised in the middle of a start comes as an error of another kind.
                self._timer.start()
                self._state = _State.ARMED
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is None:
            return
        try:
            self._disarm()
        except SoftTimeLimitExceeded:
            # It came in the middle of this. There is no second one: the task had ended, and its result stands.
            self._disarm()
        self._timer.cancel()

    def _disarm(self) -> None:
        # From here on the timer raises nothing any more.
        with self._lock:
            raised, self._state = self._state is _State.RAISED, _State.OVER
        if raised:
            # What has not come yet would hit what is done next in this thread.
            _raise_in(threading.get_ident(), None)

    def _expired(self, thread: int) -> None:
        with self._lock:
            if self._state is _State.ARMED:
                self._state = _State.RAISED
                _raise_in(thread, _error(f"soft time limit of {self._seconds:g} s exceeded"))


def _error(text: str) -> type[SoftTimeLimitExceeded]:
    """Return the error as a class, which is all that can be raised in another thread, with its text."""

    def init(self: SoftTimeLimitExceeded) -> None:
        SoftTimeLimitExceeded.__init__(self, text)

    named = SoftTimeLimitExceeded
    return type(named.__name__, (named,), {"__init__": init, "__module__": named.__module__})


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Have the interpreter raise an error in a thread; None: take back one that has not been raised yet."""
    raised = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raised)
