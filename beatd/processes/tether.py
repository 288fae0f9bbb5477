"""A child process that does not outlive its parent, however the parent ends."""

import os
import signal
import sys
from collections.abc import Callable
from functools import cache, partial
from threading import Thread
from typing import Final

HAS_DEATH_SIGNAL: Final = sys.platform == "linux"
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36


def tether(*, by_signal: bool = HAS_DEATH_SIGNAL) -> Callable[[], None]:
    """Return what a child forked next must call first, so that the kernel or a thread kills it with this process."""
    parent = os.getpid()
    pipe = None if by_signal else _pipe_of(parent)

    def hold_on() -> None:
        if pipe is None:
            set_death_signal()
        else:
            os.close(pipe[1])
            Thread(target=_watch, args=(pipe[0],), name="beatd-tether", daemon=True).start()
        # The parent may have died before the signal was asked for.
        if os.getppid() != parent:
            os._exit(1)

    return hold_on


def set_death_signal() -> None:
    """Ask the kernel to kill this process when its parent dies; does nothing where the kernel cannot."""
    death_signal()()


def death_signal() -> Callable[[], None]:
    """Return what ``set_death_signal`` does, ready for a child forked beside threads: it loads nothing any more."""
    if not HAS_DEATH_SIGNAL:
        return lambda: None
    import ctypes

    return partial(ctypes.CDLL(None).prctl, _PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def adopt_orphans() -> bool:
    """Become the parent of every descendant that loses its own, which are to be reaped; return whether it is so.

    It is not where the kernel is not Linux, or forbids it.
    """
    if not HAS_DEATH_SIGNAL:
        return False
    import ctypes

    return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


@cache
def _pipe_of(_pid: int) -> tuple[int, int]:
    """Return one pipe per process, whose writing end is closed by nothing but that process's death."""
    return os.pipe()


def _watch(reader: int) -> None:
    """Wait for the end of the pipe, which nobody writes to."""
    os.read(reader, 1)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
