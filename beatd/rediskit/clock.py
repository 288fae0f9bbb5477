"""The server's clock: the one clock of all that work on it."""

import threading
from collections.abc import Callable

from beatd.ports import Clock

EACH = 10_000_000
"""Microseconds between two readings."""


class ServerClock:
    """The clock that ``read`` tells, read now and then, plus what elapsed here since; the middle of the round trip."""

    def __init__(self, read: Callable[[], int], own: Clock) -> None:
        self._read = read
        self._own = own
        self._lock = threading.Lock()
        self._ahead: int | None = None
        self._read_at = 0

    def now(self) -> int:
        """Return the server's clock in microseconds since the epoch."""
        elapsed = self._own.elapsed()
        if self._ahead is None or elapsed - self._read_at >= EACH:
            with self._lock:
                self._renew(elapsed)
        return self._own.elapsed() + (self._ahead or 0)

    def elapsed(self) -> int:
        """Return microseconds on this host's clock that never steps."""
        return self._own.elapsed()

    def _renew(self, asked_at: int) -> None:
        found, answered_at = self._read(), self._own.elapsed()
        self._ahead, self._read_at = found - (asked_at + answered_at) // 2, answered_at
