"""How many children there are to be between two bounds. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from beatd.worker.roster import ChildRecord


@dataclass(frozen=True, slots=True)
class Scale:
    """More at once, where messages wait; fewer only by those that had nothing to do for ``idle_after`` microseconds.

    What goes up for a peak does not come down in its pauses: that a child was at work last is what it stays for.
    """

    least: int
    most: int
    idle_after: int

    def raised(self, concurrency: int, *, busy: int, waiting: int) -> int:
        """Return how many are to be there: one for each task that runs or could run, never fewer than there are."""
        return max(concurrency, min(self.most, busy + waiting))

    def to_dismiss(self, concurrency: int, idle: Iterable[ChildRecord], now: int) -> list[ChildRecord]:
        """Return which of those without a task may go: first who is worn, then the longest without one."""
        rested = [child for child in idle if now - child.active_at >= self.idle_after]
        rested.sort(key=lambda child: (not child.worn, child.active_at))
        return rested[: max(0, concurrency - self.least)]
