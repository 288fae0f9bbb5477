"""Business days: what falls on a closed day moves to the same time of the next or the previous open one."""

from typing import Self

from beatd.errors import InvalidScheduleError
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.composition.closing import LONGEST_RUN, ClosedDays
from beatd.schedules.composition.daily import Daily
from beatd.schedules.composition.day_kinds import DayKinds, Layer
from beatd.schedules.composition.layers import Placed, placed
from beatd.schedules.composition.moved_instants import MovedInstants
from beatd.schedules.composition.moved_rules import NOWHERE, MovedDays, MovedRule, MovedTable
from beatd.schedules.composition.never import never_left
from beatd.schedules.crontab.schedule import Crontab
from beatd.schedules.crontab.time_table import time_table
from beatd.schedules.interval import Interval
from beatd.schedules.moments import LAST, SECOND
from beatd.schedules.rrule.local import Span
from beatd.schedules.rrule.schedule import RRule
from beatd.schedules.terms import checked_zone
from beatd.schedules.wallclock import DAY, LocalRule, WallClock

_MINUTE = 60 * SECOND
_YEAR = 366 * DAY * SECOND
_FAR = (LONGEST_RUN + 2) * DAY * SECOND


class BusinessClock(WallClock):
    """A wall-clock schedule whose rule is moved in local time, before gaps and folds are looked at. Hashable."""

    __slots__ = ("_closed", "_forward", "inner", "placed")

    def __init__(self, inner: WallClock, closed: ClosedDays, *, forward: bool) -> None:
        rule, zone, shifts, fold = inner.made_of()
        self.inner = inner
        self._closed, self._forward = closed, forward
        moved, self.placed = _moved(inner, rule, closed, forward=forward)
        super().__init__(moved, zone, elapsed=False, gap="shift" if shifts else "skip", fold=fold)

    def __str__(self) -> str:
        return str(self.inner)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, BusinessClock) and self._parts == other._parts)

    def __hash__(self) -> int:
        return hash(self._parts)

    @property
    def _parts(self) -> tuple[WallClock, ClosedDays, bool]:
        return self.inner, self._closed, self._forward

    def _next(self, second: int) -> int | None:
        found = super()._next(second)
        # A crontab with years may have its first fire further away.
        source = self.inner.next_us(second * SECOND - 1) if found is None else None
        return found if source is None else super()._next(max(second, (source - _FAR) // SECOND))

    def last_us(self, before: int) -> int | None:
        """Return the last fire time strictly earlier than ``before``, or None if there is none in 40 years."""
        found = super().last_us(before)
        source = self.inner.last_us(before) if found is None else None
        return found if source is None else super().last_us(min(before, source + _FAR))

    def may_fire(self) -> bool:
        """Return False where it is certain that it never fires."""
        if self.placed is None or self.placed.zone is None:
            return True
        return not never_left(self.placed.layer, DayKinds((self.placed.layer,)), self.placed.zone)

    def under(self, terms: Terms) -> Self:
        """Return the inner schedule under these terms, moved alike. Raises InvalidScheduleError."""
        return type(self)(self.inner.under(terms), self._closed, forward=self._forward)


def _moved(inner: WallClock, rule: LocalRule, closed: ClosedDays, *, forward: bool) -> tuple[LocalRule, Placed | None]:
    if isinstance(inner, RRule) and inner.rule.count is not None:
        rule = _until_its_count(inner, rule)
    own = placed(inner)
    if own is None or own.layer.named.days is None or not isinstance(inner, Crontab):
        return MovedRule(rule, closed, forward=forward), None
    days = MovedDays(own.layer.named.days, closed, forward=forward)
    resolved = inner.resolved
    times = time_table(resolved.second.mask, resolved.minute.mask, resolved.hour.mask)
    layer = Layer(Daily(days, own.layer.named.times), (), own.layer.fold)
    return MovedTable(days, times), Placed(layer, own.zone)


def _until_its_count(inner: RRule, rule: LocalRule) -> LocalRule:
    """Return the local rule of a recurrence that ends after a number of fires, which are those before the move."""
    last = inner.last_us(LAST + 1)
    if last is None:
        return rule
    second = last // SECOND
    return Span(rule, -NOWHERE, second + inner.made_of()[1].at(second).offset)


def moved(schedule: Schedule, closed: ClosedDays, terms: Terms, *, forward: bool) -> Schedule:
    """Return the schedule with its fires on closed days moved, each moment once.

    Raises InvalidScheduleError for an interval or a recurrence of more than one fire a minute.
    """
    _refuse_if_dense(schedule, "next" if forward else "previous")
    if isinstance(schedule, WallClock):
        return BusinessClock(schedule, closed, forward=forward)
    zone = checked_zone(str(schedule), terms.timezone, terms.gap, terms.fold)
    return MovedInstants(schedule, closed, (zone, terms.gap or "shift", terms.fold or "first"), forward=forward)


def _refuse_if_dense(schedule: Schedule, direction: str) -> None:
    dense = isinstance(schedule, Interval) and schedule.every < _MINUTE
    if isinstance(schedule, RRule):
        first = schedule.first()
        dense = first is not None and schedule.count_us(first - 1, first + _YEAR) > _YEAR // _MINUTE + 1
    if dense:
        reason = (
            f"business_days {direction!r} moves each fire of a closed day to an open one, and this fires more often"
            " than once a minute"
        )
        raise InvalidScheduleError(str(schedule), reason, "use business_days 'skip', or only exclude")
