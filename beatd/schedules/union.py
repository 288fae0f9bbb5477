"""A union: all that any of its rules names, each moment once."""

from dataclasses import dataclass
from typing import Self

from beatd.schedules.base import Schedule, Terms


@dataclass(frozen=True, slots=True)
class Union(Schedule):
    """Two or more different schedules as one."""

    parts: tuple[Schedule, ...]

    def __str__(self) -> str:
        return " | ".join(str(part) for part in self.parts)

    @property
    def terms_used(self) -> frozenset[str]:
        """What any of the parts uses."""
        return frozenset().union(*(part.terms_used for part in self.parts))

    def under(self, terms: Terms) -> Self:
        """Return the union of the parts under these terms. Raises InvalidScheduleError."""
        return type(self)(tuple(part.under(terms) for part in self.parts))

    def next_us(self, after: int) -> int | None:
        """Return the first fire time of any part strictly later than ``after``."""
        found = [moment for part in self.parts if (moment := part.next_us(after)) is not None]
        return min(found, default=None)

    def last_us(self, before: int) -> int | None:
        """Return the last fire time of any part strictly earlier than ``before``."""
        found = [moment for part in self.parts if (moment := part.last_us(before)) is not None]
        return max(found, default=None)

    def count_us(self, after: int, until: int, limit: int | None = None) -> int:
        """Return how many different moments lie in (after, until], at most ``limit``.

        The part with most moments is counted by arithmetic; those of the others are walked, to see which are new.
        """
        counted = sorted(((part.count_us(after, until, limit), place) for place, part in enumerate(self.parts)))
        total, place = counted.pop()
        known = [self.parts[place]]
        for _, place in reversed(counted):
            part = self.parts[place]
            moment = part.next_us(after)
            while moment is not None and moment <= until and (limit is None or total < limit):
                total += not any(other.next_us(moment - 1) == moment for other in known)
                moment = part.next_us(moment)
            known.append(part)
        return total
