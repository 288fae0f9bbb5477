"""Recurrence rules over local seconds: the days of each year by the times of each day, a calendar year at a time."""

from array import array
from itertools import accumulate
from typing import NamedTuple

from beatd.schedules.crontab.day_table import civil
from beatd.schedules.rrule.days import YearDays
from beatd.schedules.rrule.parts import DAY, Recurrence
from beatd.schedules.rrule.positions import HORIZON_YEARS, NOWHERE, Positions
from beatd.schedules.rrule.times import Times
from beatd.schedules.wallclock import LocalRule

_MOST_YEARS = 64


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
        for number in range(year + 1, year + HORIZON_YEARS):
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
        for number in range(year - 1, year - HORIZON_YEARS, -1):
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

    def alike(self, first: int, last: int) -> bool:  # noqa: ARG002  it is so for all days or for none
        """Return whether all of these days, both included, on which it fires at all have the same times."""
        return self._times.same_each_day

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

    def alike(self, first: int, last: int) -> bool:
        """Return whether all of these days, both included, on which it fires at all have the same times."""
        inner = self._start <= first * DAY and (last + 1) * DAY <= self._until + 1
        return inner and isinstance(self._inner, DaysAndSlots) and self._inner.alike(first, last)


def local_rule(rule: Recurrence, start: int) -> LocalRule:
    """Return the rule, all of whose parts are given, over local seconds; ``start`` is that of its interval."""
    days, times = YearDays(rule, start), Times(rule, start)
    if rule.position and rule.freq in ("YEARLY", "MONTHLY", "WEEKLY"):
        return Positions(rule, days, times)
    return DaysAndSlots(days, times)
