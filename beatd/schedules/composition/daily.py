"""Rules that are the same on every local day that they have: the days, and the times of day as bits."""

from functools import lru_cache
from typing import NamedTuple, Protocol

from beatd.schedules.composition.spans import Span
from beatd.schedules.crontab.day_table import day_table, new_year
from beatd.schedules.crontab.rule import CrontabRule
from beatd.schedules.interval import Interval
from beatd.schedules.moments import SECOND

DAY = 86_400
_ALL_SECONDS = (1 << 60) - 1
_EVERY_SECOND = (1 << DAY) - 1


class Days(Protocol):
    """A set of days numbered from 1970-01-01. Hashable."""

    def table(self, first: int, size: int) -> bytes:
        """Return one byte a day, 1 for those in the set, of the ``size`` days from ``first`` on."""

    @property
    def usual(self) -> "Days":
        """What the set is on all days that are not ``unusual``; the same in all years of one kind."""

    @property
    def unusual(self) -> tuple[Span, ...] | None:
        """Runs of days on which the set may be another; None for no one knows which."""


class Times(Protocol):
    """A set of times of day in a segment of one offset from UTC. Hashable."""

    @property
    def varies(self) -> bool:
        """Whether the offset makes a difference."""

    @property
    def of_minute(self) -> str:
        """Which seconds of a minute are in it, if any are: "first", "all", or "other" ones."""

    def bits(self, unit: int, offset: int) -> int:
        """Return bit n for the second n of the day; with a unit of 60, for its minute n."""


class CronTimes(NamedTuple):
    """The times of a crontab: its seconds, minutes and hours as bits."""

    second: int
    minute: int
    hour: int
    varies: bool = False

    @property
    def of_minute(self) -> str:
        """The seconds that the rule names."""
        return {1: "first", _ALL_SECONDS: "all"}.get(self.second, "other")

    def bits(self, unit: int, offset: int) -> int:  # noqa: ARG002  readings are the same in all segments
        """Return the seconds, or minutes, of the day as bits."""
        return _minutes(self.minute, self.hour) if unit == 60 else _seconds(self.second, self.minute, self.hour)


class AllTimes(NamedTuple):
    """The whole day."""

    varies: bool = False
    of_minute: str = "all"

    def bits(self, unit: int, offset: int) -> int:  # noqa: ARG002  readings are the same in all segments
        """Return every second, or minute, of the day as bits."""
        return _EVERY_SECOND >> (DAY - DAY // unit)


class TurnTimes(NamedTuple):
    """The times of an interval of ``every`` seconds, a divisor of the day; ``phase`` is its first second since 1970."""

    every: int
    phase: int
    varies: bool = True
    of_minute: str = "other"

    def bits(self, unit: int, offset: int) -> int:
        """Return the seconds of the day as bits; ``unit`` is 1."""
        return _turns(self.every, (self.phase + offset) % self.every) >> (DAY - DAY // unit)


class Daily(NamedTuple):
    """Certain times on certain days; None for every day."""

    days: Days | None
    times: Times


EVERYTHING = Daily(None, AllTimes())


class NoDays(NamedTuple):
    """No day at all."""

    unusual: tuple[Span, ...] = ()

    def table(self, first: int, size: int) -> bytes:  # noqa: ARG002  there is none anywhere
        """Return a byte 0 for each of the ``size`` days."""
        return bytes(size)

    @property
    def usual(self) -> Days:
        """Itself."""
        return self


class TableDays(NamedTuple):
    """The days of a crontab, and the years that it names as bits, or None for all."""

    rule_days: "_DayTable"
    years: int | None

    @property
    def usual(self) -> Days:
        """None where there are years; else itself."""
        return self if self.years is None else NoDays()

    @property
    def unusual(self) -> tuple[Span, ...]:
        """The years, from the first to the last."""
        if self.years is None:
            return ()
        first, last = (self.years & -self.years).bit_length() - 1, self.years.bit_length()
        return ((new_year(first), new_year(last) - 1),)

    def table(self, first: int, size: int) -> bytes:
        """Return one byte a day, 1 for the days of the crontab."""
        return table_of(self.rule_days, first, size)


class _DayTable(Protocol):
    def next(self, day: int) -> int | None: ...

    def count(self, low: int, high: int) -> int: ...


def table_of(days: _DayTable, first: int, size: int) -> bytes:
    """Return one byte a day, 1 for those that ``days`` names, of the ``size`` days from ``first`` on."""
    total = days.count(first, first + size)
    if total in (0, size):
        return bytes([total > 0]) * size
    table = bytearray(size)
    found = days.next(first)
    while found is not None and found < first + size:
        table[found - first] = 1
        found = days.next(found + 1)
    return bytes(table)


def daily_crontab(rule: CrontabRule) -> Daily:
    """Return the days and times of a rule without ``H``."""
    days = day_table(rule.days, rule.month.mask, rule.years)
    return Daily(TableDays(days, rule.years), CronTimes(rule.second.mask, rule.minute.mask, rule.hour.mask))


def daily_interval(interval: Interval) -> Daily | None:
    """Return the times of an interval of whole seconds that divides the day, or None for any other."""
    every, start = interval.every, interval.anchor + interval.offset
    if every % SECOND or start % SECOND or DAY * SECOND % every:
        return None
    return Daily(None, TurnTimes(every // SECOND, start // SECOND % (every // SECOND)))


@lru_cache(maxsize=256)
def _minutes(minute: int, hour: int) -> int:
    return sum(minute << 60 * each for each in range(24) if hour >> each & 1)


@lru_cache(maxsize=64)
def _seconds(second: int, minute: int, hour: int) -> int:
    of_hour = sum(second << 60 * each for each in range(60) if minute >> each & 1)
    return sum(of_hour << 3600 * each for each in range(24) if hour >> each & 1)


@lru_cache(maxsize=64)
def _turns(every: int, first: int) -> int:
    return _EVERY_SECOND // ((1 << every) - 1) << first
