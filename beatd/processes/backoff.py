"""Waits between failures that grow, and are forgotten after a while of health."""

from collections.abc import Callable
from random import random

SECOND = 1_000_000


class Backoff:
    """Durations in microseconds. The wait doubles from ``first`` to ``most``, drawn between half of it and it."""

    def __init__(
        self,
        *,
        first: int = SECOND // 10,
        most: int = 5 * SECOND,
        reset_after: int = 10 * SECOND,
        draw: Callable[[], float] = random,
    ) -> None:
        self._first = first
        self._most = most
        self._reset_after = reset_after
        self._draw = draw
        self.failures = 0

    def failed(self, lived: int = 0) -> int:
        """Note a failure of something that ``lived`` so long, and return how long to wait now."""
        self.failures = 1 if lived >= self._reset_after else self.failures + 1
        wait = min(self._most, self._first << min(self.failures - 1, 40))
        return wait // 2 + int(self._draw() * wait / 2)

    def recovered(self) -> None:
        """Forget all failures."""
        self.failures = 0
