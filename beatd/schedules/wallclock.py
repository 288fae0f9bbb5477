"""Schedules of the wall clock: what a rule says of local time, through every change of the clock."""

from typing import Protocol

from beatd.schedules.base import Schedule
from beatd.schedules.moments import FIRST, LAST, SECOND
from beatd.schedules.zones import Segment, Zone

DAY = 86_400
HORIZON = 41 * 366 * DAY
"""Seconds searched; 29 February on a given weekday can be 40 years away."""

_FAR = 2 * DAY  # no two offsets differ by more
_EARLIEST, _LATEST = FIRST // SECOND, LAST // SECOND


class LocalRule(Protocol):
    """Which local seconds, counted from 1970-01-01T00:00 as if there were no zones, a rule names. Pure; bounded."""

    def next(self, local: int) -> int:
        """Return the first from ``local`` on, or one more than ``HORIZON`` later where there is none."""

    def last(self, local: int) -> int:
        """Return the last up to ``local``, or one more than ``HORIZON`` earlier where there is none."""

    def count(self, low: int, high: int) -> int:
        """Return how many lie in [low, high)."""


class WallClock(Schedule):
    """A rule over local time in a zone.

    One that follows elapsed time fires at every real instant whose local reading it names. Any other names moments on
    the wall clock: inside a gap of up to three hours they fire once at its end, and of two passes on the first.
    ``gap`` and ``fold`` of the terms override that for both.
    """

    __slots__ = ("_fold", "_local", "_shifts", "_zone")

    def __init__(
        self, local: LocalRule, zone: Zone, *, elapsed: bool, gap: str | None = None, fold: str | None = None
    ) -> None:
        self._local = local
        self._zone = zone
        self._fold = fold or ("both" if elapsed else "first")
        self._shifts = (gap or ("skip" if elapsed else "shift")) == "shift"

    def next_us(self, after: int) -> int | None:
        """Return the first fire time strictly later than ``after``, or None if there is none in 40 years."""
        second = max(after // SECOND + 1, _EARLIEST)
        horizon = min(second + HORIZON, _LATEST)
        while second <= horizon:
            start, end, offset, fresh, again, gap = self._zone.at(second)
            local = second + offset
            if second == start and gap < local and self._shifts and self._local.next(gap) < local:
                return start * SECOND
            if local < fresh and self._fold == "first":
                local = fresh
            found = self._local.next(local)
            if found < (again if self._fold == "second" else end + offset):
                fire = found - offset
                return fire * SECOND if fire <= _LATEST else None
            # Beyond the segment: nothing can match before the found local time, whatever the offsets are by then,
            # unless the clock has yet to go back over what was just read.
            second = max(end, found - offset - _FAR) if end - second > _FAR else end
        return None

    def last_us(self, before: int) -> int | None:
        """Return the last fire time strictly earlier than ``before``, or None if there is none in 40 years."""
        second = min((before - 1) // SECOND, _LATEST)
        horizon = max(second - HORIZON, _EARLIEST)
        while second >= horizon:
            segment = self._zone.at(second)
            start, _, offset, _, _, gap = segment
            low, high = self._window(segment)
            found = self._local.last(min(second + offset, high - 1))
            if found >= low:
                fire = found - offset
                return fire * SECOND if fire >= _EARLIEST else None
            local = start + offset
            if gap < local and self._shifts and self._local.next(gap) < local:
                return start * SECOND
            second = min(start - 1, found - offset + _FAR) if second - start > _FAR else start - 1
        return None

    def count_us(self, after: int, until: int, limit: int | None = None) -> int:
        """Return how many fire times lie in (after, until], at most ``limit``, by days and not one by one."""
        second = max(after // SECOND + 1, _EARLIEST)
        stop = min(until // SECOND, _LATEST) + 1
        total = 0
        while second < stop and (limit is None or total < limit):
            segment = self._zone.at(second)
            end = min(segment.end, stop)
            total += self._count_in(segment, second, end)
            second = end
        return total if limit is None else min(total, limit)

    def _count_in(self, segment: Segment, second: int, end: int) -> int:
        start, _, offset, _, _, gap = segment
        low, high = self._window(segment)
        low, high = max(low, second + offset), min(high, end + offset)
        total = self._local.count(low, high) if low < high else 0
        local = start + offset
        shifted = second == start and gap < local and self._shifts and self._local.next(gap) < local
        return total + (shifted and not (low == local and self._local.next(local) == local))

    def _window(self, segment: Segment) -> tuple[int, int]:
        """Return the local times [low, high) that count in this segment, after the rule for folds."""
        start, end, offset, fresh, again, _ = segment
        low = fresh if self._fold == "first" else start + offset
        return low, again if self._fold == "second" else end + offset
