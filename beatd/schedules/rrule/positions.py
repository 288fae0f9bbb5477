"""Recurrence rules that take certain ones of all fires in each week, month or year, over local seconds."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from beatd.schedules.crontab.day_table import civil, month_length
from beatd.schedules.rrule.days import YearDays
from beatd.schedules.rrule.parts import DAY, Recurrence
from beatd.schedules.rrule.times import Times, positioned

NOWHERE = 1 << 40
"""A local second after the year 9999, for none; its negative lies before the year 1."""

HORIZON_YEARS = 42
_MOST_YEARS = 64
_MOST_FIRES = 65_536


class Positions:
    """The local rule of a recurrence that takes certain ones of all in each week, month or year (BYSETPOS).

    A week, month or year counts as a whole, also the one in which the rule starts.
    """

    __slots__ = ("_days", "_held", "_rule", "_seconds", "_years")

    def __init__(self, rule: Recurrence, days: YearDays, times: Times) -> None:
        self._rule = rule
        self._days = days
        self._seconds = times.seconds
        self._years: dict[int, array[int]] = {}
        self._held = 0

    def next(self, local: int) -> int:
        """Return the first matching local second from ``local`` on, or NOWHERE."""
        year = civil(local // DAY)[0]
        for number in range(year, year + HORIZON_YEARS):
            fires = self._fires(number)
            place = bisect_left(fires, local)
            if place < len(fires):
                return fires[place]
        return NOWHERE

    def last(self, local: int) -> int:
        """Return the last matching local second up to ``local``, or -NOWHERE."""
        year = civil(local // DAY)[0]
        for number in range(year, year - HORIZON_YEARS, -1):
            fires = self._fires(number)
            place = bisect_right(fires, local)
            if place:
                return fires[place - 1]
        return -NOWHERE

    def count(self, low: int, high: int) -> int:
        """Return how many matching local seconds lie in [low, high)."""
        if low >= high:
            return 0
        first, last = civil(low // DAY)[0], civil(high // DAY)[0]
        total = sum(len(self._fires(year)) for year in range(first, last))
        return total + bisect_left(self._fires(last), high) - bisect_left(self._fires(first), low)

    def _fires(self, year: int) -> "array[int]":
        fires = self._years.get(year)
        if fires is None:
            fires = array("q", self._found(year))
            self._held += len(fires)
            if len(self._years) >= _MOST_YEARS or self._held > _MOST_FIRES:
                self._years.clear()
                self._held = len(fires)
            self._years[year] = fires
        return fires

    def _found(self, year: int) -> Iterator[int]:
        first, days = self._days.year(year)
        low, high = first * DAY, (first + len(days)) * DAY
        seconds = self._seconds
        for days_in in self._periods(year):
            # Of all seconds of these days, day by day, without writing them out.
            size = len(days_in) * len(seconds)
            for place in positioned(range(size), self._rule.position):
                fire = days_in[place // len(seconds)] * DAY + seconds[place % len(seconds)]
                if low <= fire < high:
                    yield fire

    def _periods(self, year: int) -> Iterator[list[int]]:
        """Yield the days of each month, of each week that touches the year, or of the year."""
        first, days = self._days.year(year)
        if self._rule.freq == "YEARLY":
            yield [first + place for place, day in enumerate(days) if day]
        elif self._rule.freq == "MONTHLY":
            start = 0
            for month in range(1, 13):
                size = month_length(year, month)
                yield [first + place for place in range(start, start + size) if days[place]]
                start += size
        else:
            yield from self._weeks(year)

    def _weeks(self, year: int) -> Iterator[list[int]]:
        first, days = self._days.year(year)
        before, after = self._days.year(year - 1).days[-7:], self._days.year(year + 1).days[:7]
        around, begin = before + days + after, first - 7
        start = first - (first + 3 - self._rule.week_start) % 7
        for week in range(start, first + len(days), 7):
            yield [day for day in range(week, week + 7) if around[day - begin]]
