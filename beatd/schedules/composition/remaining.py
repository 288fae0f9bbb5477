"""What is left of one schedule when days, seconds and moments are taken away."""

from collections.abc import Iterator
from typing import NamedTuple, Self

from beatd.schedules.at import At
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.composition.closing import ClosedDays
from beatd.schedules.composition.daily import EVERYTHING, Daily, daily_crontab, daily_interval
from beatd.schedules.composition.day_kinds import Layer
from beatd.schedules.composition.grid import Grid
from beatd.schedules.composition.layers import Placed, placed
from beatd.schedules.composition.moved_instants import MovedInstants
from beatd.schedules.composition.named import count_named
from beatd.schedules.composition.never import covered, never_left, segments
from beatd.schedules.composition.seconds_left import SecondsLeft
from beatd.schedules.crontab.schedule import Crontab
from beatd.schedules.interval import Interval
from beatd.schedules.moments import FIRST, LAST, SECOND
from beatd.schedules.sun.schedule import Solar
from beatd.schedules.terms import checked_zone
from beatd.schedules.wallclock import DAY, HORIZON, WallClock

_MOST_STEPS = 50_000
"""Fires looked at one after the other that are all taken away, before the search gives up: a third of a second."""

_MOST_SLOW = 2_000
"""The same of what the sun does and of instants that move to business days, which take a hundred times as long each."""

_YEAR = 365 * DAY * SECOND
_HOUR = 3600 * SECOND


class _Answer(NamedTuple):
    """``fire``, or that there is none, holds for all that is asked in [low, high)."""

    low: int
    high: int
    fire: int | None


class Remaining(Schedule):
    """What is left of ``inner`` when certain days, seconds and moments are taken away. Immutable, hashable.

    ``closed`` days and what ``crons`` fire at are taken away by tables, what ``moments`` name one by one.
    """

    __slots__ = ("_following", "_grid", "_key", "_layer", "_moments", "_preceding", "_seconds", "_zone", "inner")

    def __init__(
        self,
        inner: Schedule,
        closed: ClosedDays | None,
        crons: tuple[Crontab, ...],
        moments: tuple[Schedule, ...],
        terms: Terms,
    ) -> None:
        self.inner = inner
        self._following = self._preceding = _Answer(0, 0, None)
        self._zone = checked_zone(str(inner), terms.timezone)
        self._key = (inner, closed, crons, moments, terms.timezone)
        own = placed(inner)
        here = own is not None and (own.zone is None or own.zone.key == terms.timezone)
        # What fires on whole seconds only has none that an interval could take away between two of its own.
        turns = {rule: daily for rule in moments if here and (daily := _turns(rule)) is not None}
        rules: dict[Schedule, Daily] = {cron: daily_crontab(cron.resolved) for cron in crons} | turns
        # The sun last: whoever asks in turn need not compute it where another rule takes the fire away.
        self._moments = tuple(sorted((rule for rule in moments if rule not in turns), key=_is_slow))
        self._seconds = SecondsLeft(self._zone, closed, rules) if rules or closed is not None else None
        takers = () if self._seconds is None else self._seconds.takers
        self._layer = own.layer._replace(takers=takers) if own is not None and here else None
        self._grid = Grid(self._zone, (self._layer,)) if self._layer is not None and takers else None

    def __str__(self) -> str:
        return str(self.inner)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Remaining) and self._key == other._key)

    def __hash__(self) -> int:
        return hash(self._key)

    def under(self, terms: Terms) -> Self:
        """Return the same taken away from the inner schedule under these terms. Raises InvalidScheduleError."""
        _, closed, crons, moments, _ = self._key
        return type(self)(self.inner.under(terms), closed, crons, moments, terms)

    @property
    def placed(self) -> Placed | None:
        """What is left as days and times of day, where that is all there is to it."""
        return None if self._moments or self._layer is None else Placed(self._layer, self._zone)

    def next_us(self, after: int) -> int | None:
        """Return the first fire time left strictly later than ``after``, or None if there is none in 40 years.

        None also where too many fires in a row are taken away one by one; it is searched on from there later.
        """
        # Kept until it comes, or until where it was searched.
        if not self._following.low <= after < self._following.high:
            self._following = self._search(after)
        return self._following.fire

    def next_owed_us(self, settled: int) -> int | None:
        """Return the first fire time left that is owed once the one at ``settled`` is."""
        fire = self.inner.next_owed_us(settled)
        return None if fire is None else self.next_us(fire - 1)

    def _search(self, after: int) -> _Answer:
        fire = self.inner.next_us(after)
        horizon = LAST if fire is None else fire + HORIZON * SECOND
        for _ in range(self._most):
            if fire is None or fire > horizon:
                return _Answer(after, after + _YEAR, None)
            second = fire // SECOND
            left = second if self._seconds is None else self._seconds.next(second, self._grid)
            if left == second and not self._names(fire):
                return _Answer(after, fire, fire)
            fire = self.inner.next_us(max(fire, left * SECOND - 1))
        return _Answer(after, after + _YEAR if fire is None else fire, None)

    def last_us(self, before: int) -> int | None:
        """Return the last fire time left strictly earlier than ``before``, or None if there is none in 40 years."""
        if not self._preceding.low < before <= self._preceding.high:
            self._preceding = self._search_back(before)
        return self._preceding.fire

    def _search_back(self, before: int) -> _Answer:
        fire = self.inner.last_us(before)
        horizon = FIRST if fire is None else fire - HORIZON * SECOND
        for _ in range(self._most):
            if fire is None or fire < horizon:
                return _Answer(before - _YEAR, before, None)
            second = fire // SECOND
            left = second if self._seconds is None else self._seconds.last(second, self._grid)
            if left == second and not self._names(fire):
                return _Answer(fire, before, fire)
            fire = self.inner.last_us(min(fire, (left + 1) * SECOND))
        return _Answer(before - _YEAR if fire is None else fire, before, None)

    @property
    def _most(self) -> int:
        return _MOST_SLOW if _is_slow(self.inner) else _MOST_STEPS

    def _names(self, fire: int) -> bool:
        return any(rule.next_us(fire - 1) == fire for rule in self._moments)

    def may_fire(self) -> bool:
        """Return False where it is certain that nothing is ever left, from 1970 on."""
        inner = self.inner.inner if isinstance(self.inner, MovedInstants) else self.inner
        if isinstance(inner, At):  # all of whose moments can be looked at
            return self.next_us(FIRST - 1) is not None
        if covered(self.inner, self._moments):
            return False
        if self._seconds is None:
            return True
        layer = self._layer or Layer(EVERYTHING, self._seconds.takers, "both")
        if not never_left(layer, (self._grid or self._seconds.grid).kinds, self._zone):
            return True
        shifts = isinstance(self.inner, WallClock) and self.inner.made_of()[2]
        return shifts and any(self._left_at(gap.start) for gap in segments(self._zone))

    def count_us(self, after: int, until: int, limit: int | None = None) -> int:
        """Return how many fire times left lie in (after, until], at most ``limit``; by days and runs of seconds."""
        after, until = max(after, FIRST - 1), min(until, LAST)
        if not self._moments:
            return self._count_seconds(after, until, limit)
        total = 0
        for low, high in [(after, until)] if limit is None else _widening(after, until):
            total += self._count_seconds(low, high, None)
            total -= count_named(self.inner, self._moments, self._seconds, low, high)
            if limit is not None and total >= limit:
                return limit
        return total

    def _count_seconds(self, after: int, until: int, limit: int | None) -> int:
        """Return how many fires days and crontabs leave."""
        if self._seconds is None:
            return self.inner.count_us(after, until, limit)
        if self._grid is None:
            return self._seconds.count(self.inner, after, until, limit)
        total = self._grid.count(after // SECOND + 1, until // SECOND + 1, self._left_at, limit)
        return total if limit is None else min(total, limit)

    def _left_at(self, second: int) -> bool:
        taken = self._seconds is not None and self._seconds.takes(second)
        return not taken and self.inner.next_us(second * SECOND - 1) == second * SECOND


def _widening(after: int, until: int) -> Iterator[tuple[int, int]]:
    """Yield parts of (after, until], each twice as long as the one before."""
    width = _HOUR
    while after < until:
        yield after, min(after + width, until)
        after, width = after + width, 2 * width


def _turns(rule: Schedule) -> Daily | None:
    return daily_interval(rule) if isinstance(rule, Interval) else None


def _is_slow(schedule: Schedule) -> bool:
    return isinstance(schedule, MovedInstants | Solar)
