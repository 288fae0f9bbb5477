"""Crontab schedules: the next, the last and the number of matching moments, through every change of the clock."""

from functools import lru_cache
from typing import Any, Self

from beatd.schedules.base import Schedule, Terms
from beatd.schedules.crontab_rule import CrontabRule
from beatd.schedules.days import day_table
from beatd.schedules.moments import FIRST, LAST, SECOND
from beatd.schedules.terms import checked_zone
from beatd.schedules.times import time_table
from beatd.schedules.zones import Segment, zone

DAY = 86_400
_HORIZON = 41 * 366 * DAY  # 29 February on a given weekday can be 40 years away
_FAR = 2 * DAY  # no two offsets differ by more
_EARLIEST, _LATEST = FIRST // SECOND, LAST // SECOND


class Crontab(Schedule):
    """A crontab rule in a zone.

    A rule that follows elapsed time fires at every real instant whose local reading matches. Any other names moments on
    the wall clock: inside a gap of up to three hours they fire once at its end, and of two passes on the first.
    ``gap`` and ``fold`` of the terms override that for both.
    """

    __slots__ = ("_days", "_fold", "_key", "_shifts", "_times", "_zone", "rule")

    def __init__(
        self, rule: CrontabRule, timezone: str = "UTC", gap: str | None = None, fold: str | None = None
    ) -> None:
        elapsed = rule.follows_elapsed_time
        self.rule = rule
        self._fold = fold or ("both" if elapsed else "first")
        self._shifts = (gap or ("skip" if elapsed else "shift")) == "shift"
        self._zone = zone(timezone)
        self._days = day_table(rule.day_of_month.mask, rule.month.mask, rule.day_of_week.mask, both=rule.both)
        self._times = time_table(rule.second.mask, rule.minute.mask, rule.hour.mask)
        self._key = (rule, timezone, self._shifts, self._fold)

    def __str__(self) -> str:
        return str(self.rule)

    def __repr__(self) -> str:
        return f"<crontab {self} in {self._zone.key}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Crontab) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def under(self, terms: Terms) -> Self:
        """Return this rule in the entry's zone, one shared object for equal terms. Raises InvalidScheduleError."""
        bound: Self = _bound(type(self), self.rule, terms.timezone, terms.gap, terms.fold)
        return bound

    def next_us(self, after: int) -> int | None:
        """Return the first fire time strictly later than ``after``, or None if there is none in 40 years."""
        second = max(after // SECOND + 1, _EARLIEST)
        horizon = min(second + _HORIZON, _LATEST)
        while second <= horizon:
            start, end, offset, fresh, again, gap = self._zone.at(second)
            local = second + offset
            if second == start and gap < local and self._shifts and self._next_local(gap) < local:
                return start * SECOND
            if local < fresh and self._fold == "first":
                local = fresh
            found = self._next_local(local)
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
        horizon = max(second - _HORIZON, _EARLIEST)
        while second >= horizon:
            segment = self._zone.at(second)
            start, _, offset, _, _, gap = segment
            low, high = self._window(segment)
            found = self._last_local(min(second + offset, high - 1))
            if found >= low:
                fire = found - offset
                return fire * SECOND if fire >= _EARLIEST else None
            local = start + offset
            if gap < local and self._shifts and self._next_local(gap) < local:
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
        total = self._count_local(low, high) if low < high else 0
        local = start + offset
        shifted = second == start and gap < local and self._shifts and self._next_local(gap) < local
        return total + (shifted and not (low == local and self._next_local(local) == local))

    def _window(self, segment: Segment) -> tuple[int, int]:
        """Return the local times [low, high) that count in this segment, after the rule for folds."""
        start, end, offset, fresh, again, _ = segment
        low = fresh if self._fold == "first" else start + offset
        return low, again if self._fold == "second" else end + offset

    def _next_local(self, local: int) -> int:
        """Return the first matching local second from ``local`` on, or one beyond the horizon."""
        day = local // DAY
        found = self._days.next(day)
        if found == day:
            second = self._times.next(local - day * DAY)
            if second < DAY:
                return day * DAY + second
            found = self._days.next(day + 1)
        return local + 2 * _HORIZON if found is None else found * DAY + self._times.first

    def _last_local(self, local: int) -> int:
        """Return the last matching local second up to ``local``, or one beyond the horizon."""
        day = local // DAY
        found = self._days.last(day)
        if found == day:
            second = self._times.last(local - day * DAY)
            if second >= 0:
                return day * DAY + second
            found = self._days.last(day - 1)
        return local - 2 * _HORIZON if found is None else found * DAY + self._times.last_one

    def _count_local(self, low: int, high: int) -> int:
        """Return how many matching local seconds lie in [low, high)."""
        first, last = low // DAY, high // DAY
        total = self._days.count(first, last) * self._times.per_day
        if self._days.next(first) == first:
            total -= self._times.before(low - first * DAY)
        if self._days.next(last) == last:
            total += self._times.before(high - last * DAY)
        return total


@lru_cache(maxsize=65_536)
def _bound(kind: type[Crontab], rule: CrontabRule, timezone: str, gap: str | None, fold: str | None) -> Any:
    checked_zone(str(rule), timezone, gap, fold)
    return kind(rule, timezone, gap, fold)
