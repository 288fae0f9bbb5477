"""What is left of one schedule when days, seconds and moments are taken away."""

from math import lcm
from typing import Self

from beatd.schedules.base import Schedule, Terms
from beatd.schedules.composition.closing import ClosedDays
from beatd.schedules.composition.daily import EVERYTHING, AllTimes, Daily, daily_crontab, daily_interval
from beatd.schedules.composition.grid import Grid, Layer
from beatd.schedules.composition.layers import Placed, placed
from beatd.schedules.composition.progressions import MOST, count_any, progression
from beatd.schedules.crontab.schedule import Crontab
from beatd.schedules.interval import Interval
from beatd.schedules.moments import FIRST, LAST, SECOND
from beatd.schedules.terms import checked_zone
from beatd.schedules.union import Union
from beatd.schedules.wallclock import DAY, HORIZON

_MOST_STEPS = 5_000
"""Fires looked at one after the other that are all taken away, before the search gives up."""

_YEAR = 365 * DAY * SECOND
SEARCHED_FROM = (*range(0, 130 * 366 * DAY * SECOND, HORIZON * SECOND), FIRST - 1)
"""From these all is searched, before it is said that nothing is left: until the year 2100, and the first years."""

_UNKNOWN = LAST + 1
"""Said in place of a fire where the search gave up before it came to an end."""


class Remaining(Schedule):
    """What is left of ``inner`` when certain days, seconds and moments are taken away. Immutable, hashable.

    ``closed`` days and what ``crons`` fire at are taken away by tables, what ``moments`` name one by one.
    """

    __slots__ = (
        "_answered",
        "_answered_last",
        "_closed",
        "_grid",
        "_key",
        "_layer",
        "_moments",
        "_seconds",
        "_zone",
        "inner",
    )

    def __init__(
        self,
        inner: Schedule,
        closed: ClosedDays | None,
        crons: tuple[Crontab, ...],
        moments: tuple[Schedule, ...],
        terms: Terms,
    ) -> None:
        self.inner = inner
        self._closed = closed
        self._answered: tuple[int, int, int | None] = (0, 0, None)
        self._answered_last: tuple[int, int, int | None] = (0, 0, None)
        self._zone = checked_zone(str(inner), terms.timezone)
        self._key = (inner, closed, crons, moments, terms.timezone)
        own = placed(inner)
        here = own is not None and (own.zone is None or own.zone.key == terms.timezone)
        # What fires on whole seconds only has none that an interval could take away between two of its own.
        turns = {rule: daily for rule in moments if here and (daily := _turns(rule)) is not None}
        self._seconds = (*crons, *turns)
        self._moments = tuple(rule for rule in moments if rule not in turns)
        days = () if closed is None else (Daily(closed, AllTimes()),)
        takers = (*days, *(daily_crontab(cron.resolved) for cron in crons), *turns.values())
        self._layer = own.layer._replace(takers=takers) if own is not None and here else None
        self._grid = Grid(self._zone, (self._layer or Layer(EVERYTHING, takers, "both"),)) if takers else None

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
        """Return the first fire time left strictly later than ``after``, or None if there is none in 40 years."""
        # Kept until it comes; and that there is none, for a year of the one that is searched beyond the 40.
        asked, until, answer = self._answered
        if not asked <= after < until:
            found = self._first_left(self.inner.next_us(after))
            answer = _known(found)
            if found != _UNKNOWN:
                self._answered = (after, after + _YEAR if answer is None else answer, answer)
        return answer

    def next_owed_us(self, settled: int) -> int | None:
        """Return the first fire time left that is owed once the one at ``settled`` is."""
        return _known(self._first_left(self.inner.next_owed_us(settled)))

    def may_fire(self) -> bool:
        """Return False where it is certain that nothing is ever left."""
        if _covered(self.inner, self._moments):
            return False
        return (
            any(self._first_left(self.inner.next_us(start)) is not None for start in SEARCHED_FROM)
            or self._last_left(self.inner.last_us(LAST + 1)) is not None
        )

    def _first_left(self, fire: int | None) -> int | None:
        horizon = LAST if fire is None else fire + HORIZON * SECOND
        for _ in range(_MOST_STEPS):
            if fire is None or fire > horizon:
                return None
            second = fire // SECOND
            left = self._left_from(second)
            if left == second and not self._names(fire):
                return fire
            fire = self.inner.next_us(max(fire, left * SECOND - 1))
        return _UNKNOWN

    def last_us(self, before: int) -> int | None:
        """Return the last fire time left strictly earlier than ``before``, or None if there is none in 40 years."""
        since, asked, answer = self._answered_last
        if not since < before <= asked:
            found = self._last_left(self.inner.last_us(before))
            answer = _known(found)
            if found != _UNKNOWN:
                self._answered_last = (before - _YEAR if answer is None else answer, before, answer)
        return answer

    def _last_left(self, fire: int | None) -> int | None:
        horizon = FIRST if fire is None else fire - HORIZON * SECOND
        for _ in range(_MOST_STEPS):
            if fire is None or fire < horizon:
                return None
            second = fire // SECOND
            left = self._left_until(second)
            if left == second and not self._names(fire):
                return fire
            fire = self.inner.last_us(min(fire, (left + 1) * SECOND))
        return _UNKNOWN

    def count_us(self, after: int, until: int, limit: int | None = None) -> int:
        """Return how many fire times left lie in (after, until], at most ``limit``; by days and not one by one."""
        after, until = max(after, FIRST - 1), min(until, LAST)
        if self._grid is None:
            total = self.inner.count_us(after, until)
        elif self._layer is None:
            return self._walked(after, until, limit)
        else:
            enough = None if self._moments else limit
            total = self._grid.count(after // SECOND + 1, until // SECOND + 1, self._left_at, enough)
        if self._moments:
            total -= self._count_named(after, until)
        return total if limit is None else min(total, limit)

    def _walked(self, after: int, until: int, limit: int | None) -> int:
        total = 0
        fire = self.next_us(after)
        while fire is not None and fire <= until and (limit is None or total < limit):
            total += 1
            fire = self.next_us(fire)
        return total

    def _count_named(self, after: int, until: int) -> int:
        """Return how many fires that days and crons leave are taken away by the moments of other rules."""
        others = Union(self._moments) if len(self._moments) > 1 else self._moments[0]
        fires, named = self.inner.count_us(after, until), others.count_us(after, until)
        walked, known = (others, self.inner) if named < fires else (self.inner, others)
        return sum(
            known.next_us(moment - 1) == moment and self._left_from(moment // SECOND) == moment // SECOND
            for moment in walked.between_us(after, until)
        )

    def _names(self, fire: int) -> bool:
        return any(rule.next_us(fire - 1) == fire for rule in self._moments)

    def _left_from(self, second: int) -> int:
        """Return the first second from ``second`` on that days and crons may leave; all before it are taken away."""
        if self._grid is None:
            return second
        if self._ends_gap(second):
            return second + self._taken(second)
        return self._grid.next(second)

    def _left_until(self, second: int) -> int:
        """Return the last second up to ``second`` that days and crons may leave."""
        if self._grid is None:
            return second
        if self._ends_gap(second):
            return second - self._taken(second)
        return self._grid.last(second)

    def _left_at(self, second: int) -> bool:
        return self.inner.next_us(second * SECOND - 1) == second * SECOND and not self._taken(second)

    def _ends_gap(self, second: int) -> bool:
        segment = self._zone.at(second)
        return second == segment.start and segment.gap < second + segment.offset

    def _taken(self, second: int) -> bool:
        day = (second + self._zone.at(second).offset) // DAY
        moment = second * SECOND
        closed = self._closed is not None and self._closed.has(day)
        return closed or any(rule.next_us(moment - 1) == moment for rule in self._seconds)


def _known(fire: int | None) -> int | None:
    return None if fire == _UNKNOWN else fire


def _covered(inner: Schedule, moments: tuple[Schedule, ...]) -> bool:
    """Return whether intervals take away every moment of another, which one common turn of all tells."""
    takers = tuple(progression(each) for each in moments if isinstance(each, Interval))[:MOST]
    if not isinstance(inner, Interval) or not takers:
        return False
    turn = lcm(inner.every, *(each.every for each in takers))
    return count_any((*takers, progression(inner)), 0, turn) == count_any(takers, 0, turn)


def _turns(rule: Schedule) -> Daily | None:
    return daily_interval(rule) if isinstance(rule, Interval) else None
