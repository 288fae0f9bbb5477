"""A union: all that any of its rules names, each moment once."""

from dataclasses import dataclass
from typing import Self

from beatd.schedules.base import Schedule, Terms
from beatd.schedules.composition.counting import count_different
from beatd.schedules.composition.same_event import distance


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

    def next_owed_us(self, settled: int) -> int | None:
        """Return the first fire time of any part owed once the one at ``settled`` is.

        The settled fire belongs to the parts that name it exactly; where none does, to the sun's event nearest to it
        within an hour. Only what it belongs to may have named it otherwise; the other parts' next hour is owed.
        """
        owners = [part.next_us(settled - 1) == settled for part in self.parts]
        if not any(owners):
            distances = [distance(part, settled) for part in self.parts]
            least = min((each for each in distances if each is not None), default=None)
            owners = [each is not None and each == least for each in distances]
        owed = (
            part.next_owed_us(settled) if owns else part.next_us(settled)
            for part, owns in zip(self.parts, owners, strict=True)
        )
        return min((fire for fire in owed if fire is not None), default=None)

    def count_us(self, after: int, until: int, limit: int | None = None) -> int:
        """Return how many different moments lie in (after, until], at most ``limit``."""
        return count_different(self.parts, after, until, limit)
