"""Intervals: elapsed time, aligned to the Unix epoch or to the entry's start, so the same on every host."""

from dataclasses import dataclass, replace
from typing import Self

from beatd.schedules.base import Schedule, Terms
from beatd.schedules.durations import format_duration
from beatd.schedules.moments import FIRST, LAST
from beatd.schedules.terms import checked_zone

SHORTEST = 10_000


@dataclass(frozen=True, slots=True)
class Interval(Schedule):
    """Fire at ``anchor + offset + n * every`` for every whole n; all in microseconds, ``0 <= offset < every``."""

    every: int
    offset: int = 0
    anchor: int = 0

    def __str__(self) -> str:
        text = f"every {format_duration(self.every)}"
        return f"{text} offset {format_duration(self.offset)}" if self.offset else text

    @property
    def terms_used(self) -> frozenset[str]:
        """An entry's start anchors it."""
        return frozenset({"starts_at"})

    def under(self, terms: Terms) -> Self:
        """Return this interval counted from ``starts_at``, where there is one. Raises InvalidScheduleError."""
        checked_zone(str(self), terms.timezone, terms.gap, terms.fold)
        anchor = terms.starts_at or 0
        return self if anchor == self.anchor else replace(self, anchor=anchor)

    def next_us(self, after: int) -> int | None:
        """Return the first fire time strictly later than ``after``."""
        # Whole-number division: adding in a loop drifts and is slow after long downtime.
        start = self.anchor + self.offset
        found = start + ((max(after, FIRST - 1) - start) // self.every + 1) * self.every
        return found if found <= LAST else None

    def last_us(self, before: int) -> int | None:
        """Return the last fire time strictly earlier than ``before``."""
        start = self.anchor + self.offset
        found = start + (min(before, LAST + 1) - 1 - start) // self.every * self.every
        return found if found >= FIRST else None

    def count_us(self, after: int, until: int, limit: int | None = None) -> int:
        """Return how many fire times lie in (after, until], at most ``limit``."""
        start = self.anchor + self.offset
        low, high = max(after, FIRST - 1), min(until, LAST)
        total = max(0, (high - start) // self.every - (low - start) // self.every)
        return total if limit is None else min(total, limit)
