"""Crontab schedules: the days and the times of day that a rule lets through, on the wall clock of a zone."""

from functools import lru_cache
from typing import Any, Self

from beatd.schedules.base import Terms
from beatd.schedules.crontab_rule import CrontabRule
from beatd.schedules.days import DayTable, day_table
from beatd.schedules.terms import checked_zone
from beatd.schedules.times import TimeTable, time_table
from beatd.schedules.wallclock import DAY, HORIZON, WallClock
from beatd.schedules.zones import zone


class DaysAndTimes:
    """The local rule of a crontab: certain times of day on certain days."""

    __slots__ = ("_days", "_times")

    def __init__(self, days: DayTable, times: TimeTable) -> None:
        self._days = days
        self._times = times

    def next(self, local: int) -> int:
        """Return the first matching local second from ``local`` on, or one beyond the horizon."""
        day = local // DAY
        found = self._days.next(day)
        if found == day:
            second = self._times.next(local - day * DAY)
            if second < DAY:
                return day * DAY + second
            found = self._days.next(day + 1)
        return local + 2 * HORIZON if found is None else found * DAY + self._times.first

    def last(self, local: int) -> int:
        """Return the last matching local second up to ``local``, or one beyond the horizon."""
        day = local // DAY
        found = self._days.last(day)
        if found == day:
            second = self._times.last(local - day * DAY)
            if second >= 0:
                return day * DAY + second
            found = self._days.last(day - 1)
        return local - 2 * HORIZON if found is None else found * DAY + self._times.last_one

    def count(self, low: int, high: int) -> int:
        """Return how many matching local seconds lie in [low, high)."""
        first, last = low // DAY, high // DAY
        total = self._days.count(first, last) * self._times.per_day
        if self._days.next(first) == first:
            total -= self._times.before(low - first * DAY)
        if self._days.next(last) == last:
            total += self._times.before(high - last * DAY)
        return total


class Crontab(WallClock):
    """A crontab rule in a zone; it follows elapsed time where its minute or hour starts with ``*``."""

    __slots__ = ("_key", "rule")

    def __init__(
        self, rule: CrontabRule, timezone: str = "UTC", gap: str | None = None, fold: str | None = None
    ) -> None:
        days = day_table(rule.day_of_month.mask, rule.month.mask, rule.day_of_week.mask, both=rule.both)
        times = time_table(rule.second.mask, rule.minute.mask, rule.hour.mask)
        super().__init__(
            DaysAndTimes(days, times), zone(timezone), elapsed=rule.follows_elapsed_time, gap=gap, fold=fold
        )
        self.rule = rule
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


@lru_cache(maxsize=65_536)
def _bound(kind: type[Crontab], rule: CrontabRule, timezone: str, gap: str | None, fold: str | None) -> Any:
    checked_zone(str(rule), timezone, gap, fold)
    return kind(rule, timezone, gap, fold)
