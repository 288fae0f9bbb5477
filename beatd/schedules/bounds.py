"""Schedules cut off at both ends, and the one that names nothing."""

from dataclasses import dataclass, replace
from typing import Self

from beatd.schedules.base import Schedule, Terms


@dataclass(frozen=True, slots=True)
class Bounded(Schedule):
    """What ``inner`` names from ``starts_at``, included, to ``ends_at``, excluded (microseconds; None: no bound)."""

    inner: Schedule
    starts_at: int | None = None
    ends_at: int | None = None

    def __str__(self) -> str:
        return str(self.inner)

    @property
    def terms_used(self) -> frozenset[str]:
        """What the inner schedule uses."""
        return self.inner.terms_used

    def under(self, terms: Terms) -> Self:
        """Return the inner schedule under these terms, within the same bounds. Raises InvalidScheduleError."""
        return replace(self, inner=self.inner.under(terms))

    def next_us(self, after: int) -> int | None:
        """Return the first fire time within the bounds strictly later than ``after``."""
        found = self.inner.next_us(self._from(after))
        return None if found is None or (self.ends_at is not None and found >= self.ends_at) else found

    def next_owed_us(self, settled: int) -> int | None:
        """Return the first fire time within the bounds owed once the one at ``settled`` is."""
        low = self._from(settled)
        found = self.inner.next_owed_us(settled) if low == settled else self.inner.next_us(low)
        return None if found is None or (self.ends_at is not None and found >= self.ends_at) else found

    def last_us(self, before: int) -> int | None:
        """Return the last fire time within the bounds strictly earlier than ``before``."""
        found = self.inner.last_us(before if self.ends_at is None else min(before, self.ends_at))
        return None if found is None or (self.starts_at is not None and found < self.starts_at) else found

    def count_us(self, after: int, until: int, limit: int | None = None) -> int:
        """Return how many fire times within the bounds lie in (after, until], at most ``limit``."""
        low, high = self._from(after), until if self.ends_at is None else min(until, self.ends_at - 1)
        return self.inner.count_us(low, high, limit) if low < high else 0

    def _from(self, after: int) -> int:
        return after if self.starts_at is None else max(after, self.starts_at - 1)


@dataclass(frozen=True, slots=True)
class Never(Schedule):
    """The schedule of an entry that is switched off."""

    def __str__(self) -> str:
        return "never"

    def under(self, terms: Terms) -> Self:  # noqa: ARG002  nothing is nothing under any terms
        """Return this schedule."""
        return self

    def next_us(self, after: int) -> int | None:  # noqa: ARG002  as above
        """Return None."""
        return None

    def last_us(self, before: int) -> int | None:  # noqa: ARG002  as above
        """Return None."""
        return None

    def count_us(self, after: int, until: int, limit: int | None = None) -> int:  # noqa: ARG002  as above
        """Return 0."""
        return 0


NEVER = Never()


def bounded(schedule: Schedule, starts_at: int | None, ends_at: int | None) -> Schedule:
    """Return what the schedule names from ``starts_at``, included, to ``ends_at``, excluded (microseconds)."""
    return schedule if starts_at is None and ends_at is None else Bounded(schedule, starts_at, ends_at)
