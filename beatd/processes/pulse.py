"""How a process of a group tells its parent that it is ready, and then that it still ticks."""

import os
from contextlib import suppress

from beatd.ports import Clock

SECOND = 1_000_000


class Pulse:
    """Call it once when ready and again at each tick, as often as is convenient; a second apart is passed on."""

    def __init__(self, descriptor: int, clock: Clock) -> None:
        self._descriptor = descriptor
        self._clock = clock
        self._last: int | None = None

    def __call__(self) -> None:
        """Say that this process is ready, or lives on."""
        now = self._clock.elapsed()
        if self._last is not None and now - self._last < SECOND:
            return
        self._last = now
        # A parent that does not read has noticed, or is gone, and this process with it.
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self._descriptor, b".")
