"""Pruning of history and results, a little at a time, behind the fires."""

from beatd.ports import History, Outcomes

SECOND = 1_000_000
EACH = 30 * SECOND
SLICE = 1000
SLICES = 10


class Housekeeping:
    """Deletes what is older than it need be kept; durations in microseconds."""

    def __init__(self, history: History, outcomes: Outcomes, *, keep: int, most: int, result_expires: int) -> None:
        self._history = history
        self._outcomes = outcomes
        self._keep = keep
        self._most = most
        self._result_expires = result_expires
        self._next = 0

    def tick(self, now: int, elapsed: int) -> None:
        """Delete one slice when it is time; comes again soon while there is more."""
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
