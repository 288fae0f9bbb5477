"""Waiting that can be cut short."""

from collections.abc import Callable
from threading import Event

from beatd.ports import Clock

SECOND = 1_000_000
_SLICE = SECOND // 10


def pause(duration: int, clock: Clock, *, until: Callable[[], bool] = lambda: False) -> None:
    """Wait for ``duration`` microseconds; a tenth of a second, at most, longer than until ``until()`` holds."""
    nothing = Event()
    end = clock.elapsed() + duration
    while not until():
        left = end - clock.elapsed()
        if left <= 0:
            return
        nothing.wait(min(left, _SLICE) / SECOND)
