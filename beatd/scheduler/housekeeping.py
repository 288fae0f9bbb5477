"""Pruning of history and results, a little at a time, behind the fires; and what nobody else may be there to do."""

from collections.abc import Callable

from beatd.brokerports import Outcomes
from beatd.ports import History

SECOND = 1_000_000
EACH = 30 * SECOND
GIVE_BACK_EACH = 5 * SECOND
SLICE = 1000
SLICES = 10


class Housekeeping:
    """Deletes what is older than it need be kept; durations in microseconds.

    ``give_back``: for queues that other programs read: returns what a worker held that ended without a word. They would
    wait for it even when no worker of ours is left to return it.
    """

    def __init__(
        self,
        history: History,
        outcomes: Outcomes,
        *,
        keep: int,
        most: int,
        result_expires: int,
        give_back: Callable[[], object] | None = None,
    ) -> None:
        self._history = history
        self._outcomes = outcomes
        self._keep = keep
        self._most = most
        self._result_expires = result_expires
        self._give_back = give_back
        self._next = self._next_give_back = 0

    def tick(self, now: int, elapsed: int) -> None:
        """Delete one slice when it is time; comes again soon while there is more."""
        if self._give_back is not None and elapsed >= self._next_give_back:
            self._next_give_back = elapsed + GIVE_BACK_EACH
            self._give_back()
        if elapsed < self._next:
            return
        for _ in range(SLICES):
            deleted = self._history.prune(before=now - self._keep, most=self._most, limit=SLICE)
            # Outcomes carry the end of what history tells, so they are kept as long as it, at least.
            deleted += self._outcomes.prune(before=now - max(self._keep, self._result_expires), limit=SLICE)
            if deleted < SLICE:
                self._next = elapsed + EACH
                return
        self._next = elapsed + SECOND
