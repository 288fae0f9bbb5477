"""Which days a crontab matches: a table of one byte a day, built era by era, searched by the C code of bytes."""

from functools import lru_cache

_ERA_BITS = 12
_ERA = 1 << _ERA_BITS  # 4096 days, a little over eleven years
_HORIZON_ERAS = 5
"""Eras searched: 40 years, the longest wait for 29 February on one weekday (2072 to 2112, say), need five."""

_MOST_ERAS = 64
_NO_DAYS = bytes(31)
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class DayTable:
    """The days, numbered from 1970-01-01, that day of month, month and day of week (bit masks) let through."""

    __slots__ = ("_eras", "_months", "_patterns")

    def __init__(self, day_of_month: int, month: int, day_of_week: int, *, both: bool) -> None:
        self._months = month
        self._eras: dict[int, bytes] = {}
        self._patterns = []
        for first in range(7):
            by_date = [day_of_month >> day & 1 for day in range(1, 32)]
            by_week = [day_of_week >> (first + day) % 7 & 1 for day in range(31)]
            pairs = zip(by_date, by_week, strict=True)
            self._patterns.append(bytes(a & b if both else a | b for a, b in pairs))

    def next(self, day: int) -> int | None:
        """Return the first of them from ``day`` on, or None within the horizon of 40 years."""
        era = day >> _ERA_BITS
        table = self._eras.get(era) or self._era(era)
        found = table.find(1, day & (_ERA - 1))
        if found >= 0:
            return (era << _ERA_BITS) + found
        for number in range(era + 1, era + _HORIZON_ERAS):
            found = self._era(number).find(1)
            if found >= 0:
                return (number << _ERA_BITS) + found
        return None

    def last(self, day: int) -> int | None:
        """Return the last of them up to ``day``, or None within the horizon."""
        era, place = day >> _ERA_BITS, day & (_ERA - 1)
        for number in range(era, era - _HORIZON_ERAS, -1):
            found = self._era(number).rfind(1, 0, place + 1)
            if found >= 0:
                return (number << _ERA_BITS) + found
            place = _ERA - 1
        return None

    def count(self, low: int, high: int) -> int:
        """Return how many of them lie in [low, high)."""
        total = 0
        while low < high:
            number = low >> _ERA_BITS
            until = min(high, (number + 1) << _ERA_BITS)
            start = number << _ERA_BITS
            total += self._era(number).count(1, low - start, until - start)
            low = until
        return total

    def _era(self, number: int) -> bytes:
        era = self._eras.get(number)
        if era is None:
            era = self._build(number << _ERA_BITS)
            if len(self._eras) >= _MOST_ERAS:
                self._eras.clear()
            self._eras[number] = era
        return era

    def _build(self, start: int) -> bytes:
        year, month, day = civil(start)
        first = start - day + 1
        months = []
        while first < start + _ERA:
            length = month_length(year, month)
            # 1970-01-01 was a Thursday, hence the 4.
            wanted = self._patterns[(first + 4) % 7] if self._months >> month & 1 else _NO_DAYS
            months.append(wanted[:length])
            first += length
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        return b"".join(months)[day - 1 : day - 1 + _ERA]


def month_length(year: int, month: int) -> int:
    """Return the number of days of a month, Gregorian in all years."""
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _LENGTHS[month - 1] + leap


def civil(day: int) -> tuple[int, int, int]:
    """Return year, month and day of a day numbered from 1970-01-01; of any year, where ``date`` ends at 9999."""
    era, place = divmod(day + 719_468, 146_097)  # 400 years that begin on 1 March, so that a leap day comes last
    year = (place - place // 1_460 + place // 36_524 - place // 146_096) // 365
    place -= 365 * year + year // 4 - year // 100
    month = (5 * place + 2) // 153
    after_january = month + 3 if month < 10 else month - 9
    return era * 400 + year + (after_january <= 2), after_january, place - (153 * month + 2) // 5 + 1


@lru_cache(maxsize=1024)
def day_table(day_of_month: int, month: int, day_of_week: int, *, both: bool) -> DayTable:
    """Return the one table of these masks, shared by all rules that have them."""
    return DayTable(day_of_month, month, day_of_week, both=both)
