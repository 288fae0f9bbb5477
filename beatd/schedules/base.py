"""What every schedule is: a pure rule that names moments."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from beatd.schedules.moments import from_us, to_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the entry around a schedule gives it.

    ``timezone`` an IANA name; ``name`` the entry's (for ``H``); ``starts_at`` re-anchors intervals (microseconds);
    ``gap`` ("shift" or "skip") and ``fold`` ("first", "second" or "both") override the daylight-saving rule.
    """

    timezone: str = "UTC"
    name: str = ""
    starts_at: int | None = None
    gap: str | None = None
    fold: str | None = None


class Schedule(ABC):
    """A rule that names moments. Immutable, hashable, safe to share between threads; reads no clock.

    ``str()`` is the canonical text, which parses back to an equal schedule. Moments are aware datetimes in the public
    methods, microseconds since the epoch in those that end in ``_us``, which engines call.
    """

    __slots__ = ()

    @property
    def terms_used(self) -> frozenset[str]:
        """Which of "starts_at" and "name" make a difference to ``under``; zone, gap and fold always may."""
        return frozenset()

    @abstractmethod
    def under(self, terms: Terms) -> Self:
        """Return this schedule in the zone, and under the terms, of an entry. Raises InvalidScheduleError."""

    @abstractmethod
    def next_us(self, after: int) -> int | None:
        """Return the first fire time strictly later than ``after``, or None if there is none."""

    @abstractmethod
    def last_us(self, before: int) -> int | None:
        """Return the last fire time strictly earlier than ``before``, or None if there is none."""

    @abstractmethod
    def count_us(self, after: int, until: int, limit: int | None = None) -> int:
        """Return how many fire times lie in (after, until], at most ``limit``; intervals by arithmetic."""

    def next_owed_us(self, settled: int) -> int | None:
        """Return the first fire time owed once the one at ``settled`` is.

        The next one, save for the sun: what is almost at ``settled`` may be the same event, computed otherwise.
        """
        return self.next_us(settled)

    def between_us(self, after: int, until: int) -> Iterator[int]:
        """Yield the fire times in (after, until], in order."""
        found = self.next_us(after)
        while found is not None and found <= until:
            yield found
            found = self.next_us(found)

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first fire time strictly later than ``moment``, in UTC, or None."""
        found = self.next_us(to_us(moment))
        return None if found is None else from_us(found)

    def last_before(self, moment: datetime) -> datetime | None:
        """Return the last fire time strictly earlier than ``moment``, in UTC, or None."""
        found = self.last_us(to_us(moment))
        return None if found is None else from_us(found)

    def count(self, after: datetime, until: datetime, limit: int | None = None) -> int:
        """Return how many fire times lie in (after, until], at most ``limit``."""
        return self.count_us(to_us(after), to_us(until), limit)

    def between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield the fire times in (after, until], in order, in UTC."""
        return map(from_us, self.between_us(to_us(after), to_us(until)))
