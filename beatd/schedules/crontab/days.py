"""The days of a month that the two day fields of a crontab name, for every shape that a month can have."""

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from beatd.schedules.crontab.day_table import month_length, new_year, weekday_of
from beatd.schedules.crontab.fields import Mark, bits

_SUNDAYS = sum(1 << 7 * week for week in range(6))
_SATURDAY = 6
_ALL_WEEKDAYS = (1 << 7) - 1
_ALL_DATES = (1 << 32) - 2
_DATES_OF_EVERY_MONTH = (1 << 29) - 2


class MonthDays(NamedTuple):
    """Both day fields: dates (bit n: day n), weekdays (bit 0: Sunday), the marks of each, and whether both must match.

    Called with the weekday of the first (0 Sunday) and the length of a month, it gives its days, bit 0 the first.
    """

    dates: int
    date_marks: tuple[Mark, ...]
    weekdays: int
    weekday_marks: tuple[Mark, ...]
    both: bool

    def __call__(self, weekday: int, length: int) -> int:
        """Return the days of a month that begins on this weekday."""
        dates = self.dates >> 1
        for mark in self.date_marks:
            dates |= _date(mark, weekday, length)
        days = self.weekdays * _SUNDAYS >> weekday
        for mark in self.weekday_marks:
            days |= _nth(mark, weekday, length)
        return (dates & days if self.both else dates | days) & ((1 << length) - 1)

    def ever(self, months: int, years: int | None) -> bool:
        """Return whether any month of these (bit masks; None: all years) has such a day."""
        in_every_week = self.weekdays and (not self.both or self.dates == _ALL_DATES)
        in_every_month = self.dates & _DATES_OF_EVERY_MONTH and (not self.both or self.weekdays == _ALL_WEEKDAYS)
        if in_every_week or in_every_month:
            return True  # as nearly all rules do
        shapes = _all_shapes(months) if years is None else _shapes(months, years)
        return any(self(weekday, length) for weekday, length in shapes)


def _date(mark: Mark, weekday: int, length: int) -> int:
    if mark.sign == "L":
        day = length - mark.number
    else:
        day = _nearest_weekday(length if mark.sign == "LW" else mark.number, weekday, length)
    return 1 << day - 1 if 1 <= day <= length else 0


def _nearest_weekday(day: int, weekday: int, length: int) -> int:
    """Return the day, Monday to Friday, nearest to this one in the same month, as Quartz has it."""
    if day > length:
        return 0
    found = (weekday + day - 1) % 7
    if found == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    if found == 0:
        return day + 1 if day < length else day - 2
    return day


def _nth(mark: Mark, weekday: int, length: int) -> int:
    place = (mark.number - weekday) % 7
    if mark.sign == "#":
        return 1 << place + 7 * (mark.nth - 1)
    return 1 << place + (28 if place + 28 < length else 21)


@lru_cache(maxsize=4096)
def _all_shapes(months: int) -> tuple[tuple[int, int], ...]:
    """Return each (weekday of the first, length); each month begins on each weekday, in leap years too."""
    lengths = {month_length(year, month) for month in bits(months) for year in (2000, 2001)}
    return tuple((weekday, length) for length in sorted(lengths, reverse=True) for weekday in range(7))


def _shapes(months: int, years: int) -> Iterator[tuple[int, int]]:
    wanted = [month - 1 for month in bits(months)]
    for year in bits(years):
        shapes = _shapes_of_year(year)
        for month in wanted:
            yield shapes[month]


@cache
def _shapes_of_year(year: int) -> tuple[tuple[int, int], ...]:
    """Return (weekday of the first, length) of its months; asked of the years that a crontab may name."""
    shapes, weekday = [], weekday_of(new_year(year))
    for month in range(1, 13):
        shapes.append((weekday, month_length(year, month)))
        weekday = (weekday + shapes[-1][1]) % 7
    return tuple(shapes)
