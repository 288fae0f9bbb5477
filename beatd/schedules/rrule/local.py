"""Recurrence rules over local seconds: the days of each year by the times of each day, a calendar year at a time."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from beatd.schedules.crontab.day_table import civil, month_length
from beatd.schedules.rrule.days import YearDays
from beatd.schedules.rrule.parts import DAY, Recurrence
from beatd.schedules.rrule.times import Times, positioned
from beatd.schedules.wallclock import LocalRule

NOWHERE = 1 << 40
"""A local second after the year 9999, for none; its negative lies before the year 1."""

_HORIZON_YEARS = 42
_MOST_YEARS = 64
_MOST_FIRES = 65_536


class _Block(NamedTuple):
    """The days [first, end) of a year: ``days`` has 1 for each that has fires, ``sums`` the slots before each."""

    first: int
    end: int
    days: bytes
    sums: "array[int]"


class DaysAndSlots:
    """The local rule of a recurrence without positions in a longer period than a day."""

    __slots__ = ("_blocks", "_days", "_recent", "_times")

    def __init__(self, days: YearDays, times: Times) -> None:
        self._days = days
        self._times = times
        self._blocks: dict[int, _Block] = {}
        self._recent = _Block(0, 0, b"", array("I"))

    def next(self, local: int) -> int:
        """Return the first matching local second from ``local`` on, or NOWHERE."""
        day = local // DAY
        block = self._of(day)
        place = day - block.first
        found = block.days.find(1, place)
        if found == place:
            second = self._times.next(day, local - day * DAY)
            if second < DAY:
                return day * DAY + second
            found = block.days.find(1, place + 1)
        if found >= 0:
            return self._first(block.first + found)
        year = civil(day)[0]
        for number in range(year + 1, year + _HORIZON_YEARS):
            if 1 not in self._days.year(number).days:
                continue
            block = self._block(number)
            found = block.days.find(1)
            if found >= 0:
                return self._first(block.first + found)
        return NOWHERE

    def _first(self, day: int) -> int:
        return day * DAY + self._times.next(day, 0)

    def last(self, local: int) -> int:
        """Return the last matching local second up to ``local``, or -NOWHERE."""
        day = local // DAY
        block = self._of(day)
        place = day - block.first
        if block.days[place]:
            second = self._times.last(day, local - day * DAY)
            if second >= 0:
                return day * DAY + second
        found = block.days.rfind(1, 0, place)
        year = civil(day)[0]
        for number in range(year - 1, year - _HORIZON_YEARS, -1):
            if found >= 0:
                break
            if 1 in self._days.year(number).days:
                block = self._block(number)
                found = block.days.rfind(1)
        day = block.first + found
        return -NOWHERE if found < 0 else day * DAY + self._times.last(day, DAY - 1)

    def count(self, low: int, high: int) -> int:
        """Return how many matching local seconds lie in [low, high)."""
        if low >= high:
            return 0
        first, last = civil(low // DAY)[0], civil(high // DAY)[0]
        slots = sum(self._block(year).sums[-1] for year in range(first, last))
        return slots * len(self._times.seconds) + self._before(high) - self._before(low)

    def _before(self, local: int) -> int:
        """Return how many lie in the year of ``local``, before it."""
        day = local // DAY
        block = self._of(day)
        place = day - block.first
        total = block.sums[place] * len(self._times.seconds)
        return total + (self._times.before(day, local - day * DAY) if block.days[place] else 0)

    def _of(self, day: int) -> _Block:
        recent = self._recent
        if recent.first <= day < recent.end:
            return recent
        self._recent = block = self._block(civil(day)[0])
        return block

    def _block(self, year: int) -> _Block:
        block = self._blocks.get(year)
        if block is None:
            block = self._build(year)
            if len(self._blocks) >= _MOST_YEARS:
                self._blocks.clear()
            self._blocks[year] = block
        return block

    def _build(self, year: int) -> _Block:
        first, days = self._days.year(year)
        times = self._times
        if not times.seconds:
            slots = [0] * len(days)
        elif times.same_each_day:
            each = times.slots(first)
            slots = [each if day else 0 for day in days]
        else:
            slots = [times.slots(first + place) if day else 0 for place, day in enumerate(days)]
        sums = array("I", accumulate(slots, initial=0))
        return _Block(first, first + len(days), bytes(map(bool, slots)), sums)


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
        for number in range(year, year + _HORIZON_YEARS):
            fires = self._fires(number)
            place = bisect_left(fires, local)
            if place < len(fires):
                return fires[place]
        return NOWHERE

    def last(self, local: int) -> int:
        """Return the last matching local second up to ``local``, or -NOWHERE."""
        year = civil(local // DAY)[0]
        for number in range(year, year - _HORIZON_YEARS, -1):
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


class Span:
    """What a local rule names from ``start`` to ``until``, both included (local seconds)."""

    __slots__ = ("_inner", "_start", "_until")

    def __init__(self, inner: LocalRule, start: int, until: int) -> None:
        self._inner = inner
        self._start = start
        self._until = until

    def next(self, local: int) -> int:
        """Return the first from ``local`` on, or NOWHERE."""
        found = self._inner.next(max(self._start, local))
        return found if found <= self._until else NOWHERE

    def last(self, local: int) -> int:
        """Return the last up to ``local``, or -NOWHERE."""
        found = self._inner.last(min(self._until, local))
        return found if found >= self._start else -NOWHERE

    def count(self, low: int, high: int) -> int:
        """Return how many lie in [low, high)."""
        return self._inner.count(max(low, self._start), min(high, self._until + 1))


def local_rule(rule: Recurrence, start: int) -> LocalRule:
    """Return the rule, all of whose parts are given, over local seconds; ``start`` is that of its interval."""
    days, times = YearDays(rule, start), Times(rule, start)
    if rule.position and rule.freq in ("YEARLY", "MONTHLY", "WEEKLY"):
        return Positions(rule, days, times)
    return DaysAndSlots(days, times)
