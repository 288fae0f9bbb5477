"""Crontab schedules: the days and the times of day that a rule lets through, on the wall clock of a zone."""

from functools import lru_cache
from typing import Any, Self

from beatd.errors import InvalidScheduleError
from beatd.schedules.base import Terms
from beatd.schedules.crontab.day_table import day_table, new_year
from beatd.schedules.crontab.rule import CrontabRule, refuse_if_it_never_fires
from beatd.schedules.crontab.time_table import time_table
from beatd.schedules.moments import SECOND
from beatd.schedules.terms import checked_zone
from beatd.schedules.wallclock import DAY, HORIZON, WallClock

_NOWHERE = 1 << 40
"""A local second past the year 9999, and so no fire time in any zone."""


class DaysAndTimes:
    """The local rule of a crontab without ``H``: certain times of day on certain days."""

    __slots__ = ("_days", "_times")

    def __init__(self, rule: CrontabRule) -> None:
        # At once, though what is only read and checked needs neither: tables cost 5 µs here, as they are filled when
        # asked; a ``__getattr__`` that makes them later costs every fire a tenth of its time.
        self._days = day_table(rule.days, rule.month.mask, rule.years)
        self._times = time_table(rule.second.mask, rule.minute.mask, rule.hour.mask)

    def next(self, local: int) -> int:
        """Return the first matching local second from ``local`` on, or one that no calendar has."""
        day = local // DAY
        second = self._times.next(local - day * DAY)
        if second >= DAY:  # the day's times are over: known before its day is looked up, so that one look-up will do
            day += 1
            second = self._times.first
        found = self._days.next(day)
        if found == day:
            return day * DAY + second
        return _NOWHERE if found is None else found * DAY + self._times.first

    def last(self, local: int) -> int:
        """Return the last matching local second up to ``local``, or one that no calendar has."""
        day = local // DAY
        found = self._days.last(day)
        if found == day:
            second = self._times.last(local - day * DAY)
            if second >= 0:
                return day * DAY + second
            found = self._days.last(day - 1)
        return -_NOWHERE if found is None else found * DAY + self._times.last_one

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
    """A crontab rule in a zone; it follows elapsed time where its minute or hour starts with ``*``.

    ``rule`` is what is written, ``resolved`` the same with each ``H`` turned to values for the entry's name.
    """

    __slots__ = ("_hash", "_key", "resolved", "rule")

    def __init__(self, rule: CrontabRule, resolved: CrontabRule, terms: Terms) -> None:
        try:
            zone = checked_zone("", terms.timezone, terms.gap, terms.fold)
        except InvalidScheduleError as error:
            raise InvalidScheduleError(str(rule), error.reason, error.hint) from None
        elapsed = rule.follows_elapsed_time
        super().__init__(DaysAndTimes(resolved), zone, elapsed=elapsed, gap=terms.gap, fold=terms.fold)
        self.rule = rule
        self.resolved = resolved
        self._key = (rule, resolved, zone.key, self._shifts, self._fold)
        self._hash = hash((resolved, zone.key))

    def __str__(self) -> str:
        return str(self.rule)

    def __repr__(self) -> str:
        return f"<crontab {self} in {self._zone.key}>"

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Crontab) and self._key == other._key)

    def __hash__(self) -> int:
        return self._hash

    @property
    def terms_used(self) -> frozenset[str]:
        """The name, where there is an ``H``."""
        return _NOTHING if self.resolved is self.rule else _NAME

    def under(self, terms: Terms) -> Self:
        """Return this rule in the entry's zone, one shared object for equal terms. Raises InvalidScheduleError."""
        bound: Any = crontab_of(self.rule, terms)
        if bound.resolved is not bound.rule:
            refuse_if_it_never_fires(bound.resolved, self.rule)  # reading it could not tell: the name decides
        under: Self = bound
        return under


class DatedCrontab(Crontab):
    """A crontab with years, whose next fire may be further away than is searched at one time."""

    __slots__ = ()

    def _search(self, second: int) -> int | None:
        second = max(second, _FIRST_SECOND)
        while second < _LAST_SECOND:
            found = super()._search(second)
            if found is not None:
                return found
            second += HORIZON
        return None

    def last_us(self, before: int) -> int | None:
        """Return the last fire time strictly earlier than ``before``, or None if there is none."""
        before = min(before, _LAST_SECOND * SECOND)
        while before > _FIRST_SECOND * SECOND:
            found = super().last_us(before)
            if found is not None:
                return found
            before -= HORIZON * SECOND
        return None


_NOTHING: frozenset[str] = frozenset()
_NAME = frozenset({"name"})
# Two days more than the years that may be written: their first and last hours come earlier and later in some zones.
_FIRST_SECOND = (new_year(1970) - 2) * DAY
_LAST_SECOND = (new_year(2100) + 2) * DAY


def crontab_of(rule: CrontabRule, terms: Terms) -> Crontab:
    """Return the one schedule of this rule under these terms. Raises InvalidScheduleError for the terms."""
    if not rule.hashed:
        return _interned(rule, None, terms.timezone, terms.gap, terms.fold)
    return _interned(rule, rule.under(terms.name), terms.timezone, terms.gap, terms.fold)


@lru_cache(maxsize=65_536)
def _interned(
    rule: CrontabRule, resolved: CrontabRule | None, timezone: str, gap: str | None, fold: str | None
) -> Crontab:
    kind = Crontab if rule.years is None else DatedCrontab
    return kind(rule, resolved or rule, Terms(timezone=timezone, gap=gap, fold=fold))
