"""Which days of a year a recurrence rule lets through, as one byte a day.

Found here and not by python-dateutil, which (2.9) is wrong in three places, as the tests show: weeks 52 and 53 in the
first days of January, weeks counted from the year's end, and a BYDAY that has days both with and without a number.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from beatd.schedules.crontab.day_table import civil, month_length
from beatd.schedules.rrule.parts import DAY, Recurrence

_EASTER_YEARS = range(1583, 4100)  # for which the computation of Easter holds


class DayRule(NamedTuple):
    """The parts of a rule that choose days within one year; a day must satisfy each part that is given."""

    month: tuple[int, ...]
    week_number: tuple[int, ...]
    year_day: tuple[int, ...]
    month_day: tuple[int, ...]
    weekday: tuple[tuple[int, int], ...]
    easter: tuple[int, ...]
    week_start: int


class Year(NamedTuple):
    """``first`` its first day, numbered from 1970-01-01; ``days`` one byte for each of its days."""

    first: int
    days: bytes


class YearDays:
    """The days of a rule in any year: those of its day rule, in the years, months or weeks that its interval hits."""

    __slots__ = ("_freq", "_interval", "_phase", "_rule")

    def __init__(self, rule: Recurrence, start: int) -> None:
        """``start`` is the local second at which the rule starts and its interval counts from."""
        # The nth weekday is one of the month if the rule is monthly, so such a rule names the months it is about.
        months = tuple(range(1, 13)) if rule.freq == "MONTHLY" else ()
        self._rule = DayRule(
            rule.month or months,
            rule.week_number,
            rule.year_day,
            rule.month_day,
            rule.weekday,
            rule.easter,
            rule.week_start,
        )
        self._freq = rule.freq
        self._interval = rule.interval if rule.freq in ("YEARLY", "MONTHLY", "WEEKLY") else 1
        self._phase = self._period(start // DAY)

    def year(self, year: int) -> Year:
        """Return the days of a calendar year, of any number."""
        first = new_year(year)
        days = _days(self._rule, year if self._rule.easter else _twin(year))
        return Year(first, days if self._interval == 1 else self._on_turn(first, days))

    def _on_turn(self, first: int, days: bytes) -> bytes:
        if self._freq == "YEARLY":
            return days if (self._period(first) - self._phase) % self._interval == 0 else bytes(len(days))
        return bytes(
            day and (self._period(first + place) - self._phase) % self._interval == 0 for place, day in enumerate(days)
        )

    def _period(self, day: int) -> int:
        """Return the number of the week, month or year that holds this day."""
        if self._freq == "WEEKLY":
            return (day + 3 - self._rule.week_start) // 7
        year, month, _ = civil(day)
        return year if self._freq == "YEARLY" else 12 * year + month


def new_year(year: int) -> int:
    """Return the number of the first day of a year, counted from 1970-01-01; of any year."""
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400 - 719_162


@lru_cache(maxsize=8192)
def _days(rule: DayRule, year: int) -> bytes:
    length = new_year(year + 1) - new_year(year)
    chosen = set(range(length)).intersection(*_choices(rule, year, length))
    days = bytearray(length)
    for place in chosen:
        days[place] = 1
    return bytes(days)


def _choices(rule: DayRule, year: int, length: int) -> Iterator[Iterable[int]]:
    """Yield for each part that is given the places in the year, from 0, that it lets through."""
    months = _months(rule, year)
    if rule.month:
        yield (place for start, size in months for place in range(start, start + size))
    if rule.month_day:
        yield (start + place for start, size in months for place in _places(rule.month_day, size))
    if rule.year_day:
        yield _places(rule.year_day, length)
    if rule.week_number:
        yield _in_weeks(rule, year, length)
    if rule.weekday:
        yield _weekdays(rule, year, months if rule.month else [(0, length)])
    if rule.easter:
        yield _easter(rule.easter, year)


def _months(rule: DayRule, year: int) -> list[tuple[int, int]]:
    """Return (place of the first day, number of days) of each month of the rule, or of all twelve."""
    months, start = [], 0
    for month in range(1, 13):
        size = month_length(year, month)
        if not rule.month or month in rule.month:
            months.append((start, size))
        start += size
    return months


def _places(numbers: Iterable[int], size: int) -> Iterator[int]:
    """Yield the places below ``size`` of numbers that count from 1, or from the end if negative."""
    for number in numbers:
        place = number - 1 if number > 0 else size + number
        if 0 <= place < size:
            yield place


def _weekdays(rule: DayRule, year: int, spans: list[tuple[int, int]]) -> Iterator[int]:
    first = new_year(year) + 3
    for start, size in spans:
        for weekday, number in rule.weekday:
            found = range(start + (weekday - first - start) % 7, start + size, 7)
            yield from (found[place] for place in _places([number], len(found))) if number else found


def _in_weeks(rule: DayRule, year: int, length: int) -> Iterator[int]:
    """Yield the days of the weeks wanted. A week belongs to the year that has four of its days, as ISO 8601 says."""
    first = -((new_year(year) + 3 - rule.week_start) % 7)
    for start in range(first, length, 7):
        middle = start + 3
        owner = year - 1 if middle < 0 else year + 1 if middle >= length else year
        weeks = _week_count(owner, rule.week_start)
        number = weeks if owner < year else 1 if owner > year else middle // 7 + 1
        if number in rule.week_number or number - weeks - 1 in rule.week_number:
            yield from range(max(start, 0), min(start + 7, length))


def _week_count(year: int, week_start: int) -> int:
    first, following = new_year(year), new_year(year + 1)
    return (following - week_start - 1) // 7 - (first - week_start - 1) // 7


def _easter(offsets: tuple[int, ...], year: int) -> set[int]:
    """Return the places of days counted from Easter Sunday; of the year's own Easter only."""
    if year not in _EASTER_YEARS:
        return set()
    from dateutil.easter import easter

    sunday = easter(year).timetuple().tm_yday - 1
    return {sunday + offset for offset in offsets}


@lru_cache(maxsize=1024)
def _twin(year: int) -> int:
    """Return the one year that stands for all with the same days."""
    return _twins()[_shape(year)]


def _shape(year: int) -> tuple[int, ...]:
    """Return what tells apart years that differ in a day rule: the weekdays on which it and its neighbours begin."""
    return tuple(new_year(year + step) % 7 for step in (-1, 0, 1, 2))


@lru_cache(maxsize=1)
def _twins() -> dict[tuple[int, ...], int]:
    """Return one year of each shape; the calendar repeats after 400."""
    return {_shape(year): year for year in range(2000, 2400)}
