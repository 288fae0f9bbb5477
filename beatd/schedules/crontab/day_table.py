"""Which days a crontab matches: tables of one character a day, built era by era, searched by the C code of str."""

from collections.abc import Callable
from functools import lru_cache

_ERA_BITS = 11
_ERA = 1 << _ERA_BITS  # 2048 days, between five and six years
_PLACE = _ERA - 1  # the bits of a day's number that tell its place in its era
_HORIZON_ERAS = 9
"""Eras searched: 40 years, the longest wait for 29 February on one weekday (2072 to 2112, say), can touch nine."""

_YEARS_OF_AN_ERA = (1 << 7) - 1
_MOST_ERAS = 128
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NONE_IN_MONTH = "0" * 31
_NONE_IN_YEAR = "0" * 366
_NONE_IN_ERA = "0" * _ERA

MonthPattern = Callable[[int, int], int]
"""The days of a month whose first is this weekday (0 Sunday) and that has this many days, as a mask; bit 0 is day 1.

Hashable, and equal where it gives the same days.
"""


class DayTable:
    """The days, numbered from 1970-01-01, that a pattern names in the months and years given (bit masks).

    ``years`` None: all years there are.
    """

    __slots__ = ("_eras", "_months", "_of_month", "_of_year", "_pattern", "_years")

    def __init__(self, pattern: MonthPattern, months: int, years: int | None = None) -> None:
        self._pattern = pattern
        self._months = months
        self._years = years
        self._eras: dict[int, str] = {}
        self._of_month: dict[tuple[int, int], str] = {}
        self._of_year: dict[tuple[int, bool], str] = {}

    def next(self, day: int) -> int | None:
        """Return the first of them from ``day`` on, or None within the horizon of 40 years."""
        era, place = day >> _ERA_BITS, day & _PLACE
        table = self._eras.get(era) or self._era(era)
        if table[place] == "1":  # most often it is today; half the time of the search
            return day
        found = table.find("1", place)
        if found >= 0:
            return (era << _ERA_BITS) + found
        for number in range(era + 1, era + _HORIZON_ERAS):
            found = self._era(number).find("1")
            if found >= 0:
                return (number << _ERA_BITS) + found
        return None

    def last(self, day: int) -> int | None:
        """Return the last of them up to ``day``, or None within the horizon."""
        era, place = day >> _ERA_BITS, day & _PLACE
        for number in range(era, era - _HORIZON_ERAS, -1):
            found = self._era(number).rfind("1", 0, place + 1)
            if found >= 0:
                return (number << _ERA_BITS) + found
            place = _PLACE
        return None

    def count(self, low: int, high: int) -> int:
        """Return how many of them lie in [low, high)."""
        total = 0
        while low < high:
            number = low >> _ERA_BITS
            until = min(high, (number + 1) << _ERA_BITS)
            start = number << _ERA_BITS
            total += self._era(number).count("1", low - start, until - start)
            low = until
        return total

    def _era(self, number: int) -> str:
        era = self._eras.get(number)
        if era is None:
            era = self._build(number << _ERA_BITS)
            if len(self._eras) >= _MOST_ERAS:
                self._eras.clear()
            self._eras[number] = era
        return era

    def _build(self, start: int) -> str:
        year = civil(start)[0]
        if self._years is not None and not self._years >> max(year, 0) & _YEARS_OF_AN_ERA:
            return _NONE_IN_ERA
        first = new_year(year)
        skipped = start - first
        years = []
        while first < start + _ERA:
            leap = is_leap(year)
            years.append(self._year(year, first, leap=leap))
            first += 365 + leap
            year += 1
        era = "".join(years)[skipped : skipped + _ERA]
        return era if "1" in era else _NONE_IN_ERA

    def _year(self, year: int, first: int, *, leap: bool) -> str:
        """Return the days of a year; there are fourteen kinds, by the weekday of its first day and its length."""
        if self._years is not None and not self._years >> year & 1:
            return _NONE_IN_YEAR[: 365 + leap]
        weekday = weekday_of(first)
        days = self._of_year.get((weekday, leap))
        if days is None:
            days = self._of_year[weekday, leap] = self._build_year(weekday, leap=leap)
        return days

    def _build_year(self, weekday: int, *, leap: bool) -> str:
        months = []
        for month, length in enumerate(_LENGTHS, 1):
            days = length + (leap and month == 2)
            months.append(self._month(weekday, days) if self._months >> month & 1 else _NONE_IN_MONTH[:days])
            weekday = (weekday + days) % 7
        return "".join(months)

    def _month(self, weekday: int, length: int) -> str:
        days = self._of_month.get((weekday, length))
        if days is None:
            days = format(self._pattern(weekday, length), f"0{length}b")[::-1]
            self._of_month[weekday, length] = days
        return days


def is_leap(year: int) -> bool:
    """Return whether the year has a 29 February, Gregorian in all years."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """Return the number of days of a month, Gregorian in all years."""
    return _LENGTHS[month - 1] + (month == 2 and is_leap(year))


def new_year(year: int) -> int:
    """Return the number of 1 January, counted from 1970-01-01."""
    before = year - 1
    return 365 * before + before // 4 - before // 100 + before // 400 - 719_162


def weekday_of(day: int) -> int:
    """Return the weekday, 0 for Sunday, of a day numbered from 1970-01-01, which was a Thursday."""
    return (day + 4) % 7


def civil(day: int) -> tuple[int, int, int]:
    """Return year, month and day of a day numbered from 1970-01-01; of any year, where ``date`` ends at 9999."""
    era, place = divmod(day + 719_468, 146_097)  # 400 years that begin on 1 March, so that a leap day comes last
    year = (place - place // 1_460 + place // 36_524 - place // 146_096) // 365
    place -= 365 * year + year // 4 - year // 100
    month = (5 * place + 2) // 153
    after_january = month + 3 if month < 10 else month - 9
    return era * 400 + year + (after_january <= 2), after_january, place - (153 * month + 2) // 5 + 1


@lru_cache(maxsize=1024)
def day_table(pattern: MonthPattern, months: int, years: int | None = None) -> DayTable:
    """Return the one table of these days, shared by all rules that name them."""
    return DayTable(pattern, months, years)
