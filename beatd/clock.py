"""The only module that reads a clock."""

import time

_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """The machine's clocks."""

    def now(self) -> int:
        """Return the wall clock in microseconds since the epoch."""
        return time.time_ns() // 1000

    def elapsed(self) -> int:
        """Return microseconds on a clock that never steps and counts suspension."""
        return time.clock_gettime_ns(_ELAPSED) // 1000
