"""Rules of local time whose fires on closed days move to the next or the previous open day."""

from collections.abc import Callable

from beatd.schedules.composition.closing import LONGEST_RUN, ClosedDays
from beatd.schedules.composition.daily import Days
from beatd.schedules.composition.day_blocks import DayBlocks
from beatd.schedules.composition.spans import Span
from beatd.schedules.crontab.time_table import TimeTable
from beatd.schedules.wallclock import DAY, HORIZON, LocalRule

NOWHERE = 1 << 40
"""A local second past the year 9999, and so no fire time in any zone."""


Alike = Callable[[int, int], bool]
"""Whether all of these days, both included, on which a rule fires at all have the same times."""


class MovedDays(DayBlocks):
    """The days to which a rule's days move: the open ones of them, and the next or previous open ones. Hashable."""

    __slots__ = ("_closed", "_days", "_forward")

    def __init__(self, days: Days, closed: ClosedDays, *, forward: bool) -> None:
        super().__init__()
        self._days, self._closed, self._forward = days, closed, forward

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, MovedDays) and self._key == other._key)

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[Days, ClosedDays, bool]:
        return self._days, self._closed, self._forward

    @property
    def usual(self) -> "MovedDays":
        """Where the usual days move on usually closed ones."""
        return MovedDays(self._days.usual, self._closed.usual, forward=self._forward)

    @property
    def unusual(self) -> tuple[Span, ...] | None:
        """Runs of days to which others may move; None for no one knows which."""
        # Days of certain years only move to days near these, whatever is closed.
        spans = self._days.unusual or self._closed.unusual
        return None if spans is None else tuple((low - LONGEST_RUN, high + LONGEST_RUN) for low, high in spans)

    def table(self, first: int, size: int) -> bytes:
        """Return one byte a day, 1 for those moved to, of the ``size`` days from ``first`` on."""
        since = first - LONGEST_RUN if self._forward else first
        days, closed = (of.table(since, size + LONGEST_RUN) for of in (self._days, self._closed))
        if self._forward:
            return _carried(days, closed)[LONGEST_RUN:]
        return _carried(days[::-1], closed[::-1])[: LONGEST_RUN - 1 : -1]


def _carried(days: bytes, closed: bytes) -> bytes:
    """Return the open days that are in ``days`` or have one among the closed days just before them."""
    table = bytearray(len(days))
    place = days.find(1)
    while place >= 0:
        found = closed.find(0, place, place + LONGEST_RUN + 1)
        if found >= 0:
            table[found] = 1
        place = days.find(1, place + 1)
    return bytes(table)


class MovedTable:
    """The local rule of a crontab whose days move: the same times of day on other days."""

    __slots__ = ("_days", "_times")

    def __init__(self, days: MovedDays, times: TimeTable) -> None:
        self._days = days
        self._times = times

    def next(self, local: int) -> int:
        """Return the first matching local second from ``local`` on, or one that no calendar has."""
        day = local // DAY
        second = self._times.next(local - day * DAY)
        if second >= DAY:
            day, second = day + 1, self._times.first
        found = self._days.next(day)
        if found is None:
            return NOWHERE
        return found * DAY + (second if found == day else self._times.first)

    def last(self, local: int) -> int:
        """Return the last matching local second up to ``local``, or one that no calendar has."""
        day = local // DAY
        second = self._times.last(local - day * DAY)
        if second < 0:
            day, second = day - 1, self._times.last_one
        found = self._days.last(day)
        if found is None:
            return -NOWHERE
        return found * DAY + (second if found == day else self._times.last_one)

    def count(self, low: int, high: int) -> int:
        """Return how many matching local seconds lie in [low, high)."""
        first, last = low // DAY, high // DAY
        total = self._days.count(first, last) * self._times.per_day
        if self._days.has(first):
            total -= self._times.before(low - first * DAY)
        if self._days.has(last):
            total += self._times.before(high - last * DAY)
        return total


class MovedRule:
    """Any local rule whose fires on closed days move; each moment once."""

    __slots__ = ("_closed", "_forward", "_rule")

    def __init__(self, rule: LocalRule, closed: ClosedDays, *, forward: bool) -> None:
        self._rule, self._closed, self._forward = rule, closed, forward

    def next(self, local: int) -> int:
        """Return the first matching local second from ``local`` on, or one that no calendar has."""
        day, second = divmod(local, DAY)
        while True:
            opened = self._closed.next(day, within=False)
            if opened is None:
                return NOWHERE
            found = self._first_on(opened, second if opened == day else 0)
            if found is not None:
                return opened * DAY + found
            source = self._rule.next(self._closed.sources(opened, forward=self._forward).stop * DAY)
            if source - local > HORIZON:
                return NOWHERE
            target = self._closed.moved(source // DAY, forward=self._forward)
            day, second = max(opened + 1, target or 0), 0

    def last(self, local: int) -> int:
        """Return the last matching local second up to ``local``, or one that no calendar has."""
        day, second = divmod(local, DAY)
        while True:
            opened = self._closed.last(day, within=False)
            if opened is None:
                return -NOWHERE
            found = self._last_on(opened, second if opened == day else DAY - 1)
            if found is not None:
                return opened * DAY + found
            source = self._rule.last(self._closed.sources(opened, forward=self._forward).start * DAY - 1)
            if local - source > HORIZON:
                return -NOWHERE
            target = self._closed.moved(source // DAY, forward=self._forward)
            day, second = (opened - 1 if target is None else min(opened - 1, target)), DAY - 1

    def count(self, low: int, high: int) -> int:
        """Return how many matching local seconds lie in [low, high)."""
        total, found = 0, self.next(low)
        while found < high:
            day = found // DAY
            total += self._count_on(day, found - day * DAY, min(high - day * DAY, DAY))
            found = self.next((day + 1) * DAY)
        return total

    def _count_on(self, day: int, low: int, high: int) -> int:
        """Return how many seconds of [low, high) of an open day have a fire of its own or of a day that moves to it."""
        sources = self._closed.sources(day, forward=self._forward)
        counts = {
            source: count for source in sources if (count := self._rule.count(source * DAY + low, source * DAY + high))
        }
        alike: Alike | None = getattr(self._rule, "alike", None)
        if len(counts) < 2 or (alike is not None and alike(min(counts), max(counts))):
            return max(counts.values(), default=0)
        times = set()
        for source in counts:
            found, stop = self._rule.next(source * DAY + low), source * DAY + high
            while found < stop:
                times.add(found - source * DAY)
                found = self._rule.next(found + 1)
        return len(times)

    def _first_on(self, day: int, second: int) -> int | None:
        sources = self._closed.sources(day, forward=self._forward)
        best, source = DAY, sources.start
        while source < sources.stop:
            found, time = divmod(self._rule.next(source * DAY + second), DAY)
            if found == source:
                best = min(best, time)
                found += 1
            source = found
        return best if best < DAY else None

    def _last_on(self, day: int, second: int) -> int | None:
        sources = self._closed.sources(day, forward=self._forward)
        best, source = -1, sources.stop - 1
        while source >= sources.start:
            found, time = divmod(self._rule.last(source * DAY + second), DAY)
            if found == source:
                best = max(best, time)
                found -= 1
            source = found
        return best if best >= 0 else None
