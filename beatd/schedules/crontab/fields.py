"""What one field of a crontab may hold and what it says: values as a bit mask, days that differ by month, hashes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from beatd.schedules.hashing import stable_hash

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FULL_NAMES = (
    (
        *("january", "february", "march", "april", "may", "june"),
        *("july", "august", "september", "october", "november", "december"),
    ),
    ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"),
)


@dataclass(frozen=True, eq=False)
class FieldKind:
    """What one place of a crontab may hold; ``H`` without a range is hashed within ``low`` and ``hash_high``."""

    name: str
    low: int
    high: int
    hash_high: int
    names: tuple[str, ...] = ()

    def number_of(self, word: str) -> int | None:
        """Return the number of a value or a name, not yet checked against the range; None for what is neither."""
        if re.fullmatch(r"[0-9]{1,4}", word):
            return int(word)
        full = next((names for names in _FULL_NAMES if len(names) == len(self.names)), ())
        for known in (self.names, full):
            if word in known:
                return known.index(word) + self.low
        return None


SECOND = FieldKind("second", 0, 59, 59)
MINUTE = FieldKind("minute", 0, 59, 59)
HOUR = FieldKind("hour", 0, 23, 23)
DAY_OF_MONTH = FieldKind("day of month", 1, 31, 28)  # every month has a 28th
MONTH = FieldKind("month", 1, 12, 12, MONTHS)
DAY_OF_WEEK = FieldKind("day of week", 0, 6, 6, WEEKDAYS)
YEAR = FieldKind("year", 1970, 2099, 2099)


class Mark(NamedTuple):
    """A day whose date depends on the month.

    In the day of month ``L`` (the last day but ``number``), ``W`` (the weekday Monday to Friday nearest to day
    ``number``) and ``LW`` (the last such); in the day of week ``L`` (the last weekday ``number``, 0 Sunday) and ``#``
    (the ``nth`` of the month).
    """

    sign: str
    number: int = 0
    nth: int = 0


class Hashed(NamedTuple):
    """An ``H``: one value in [low, high] by the entry's name, or with a step every so many from such a one on."""

    low: int
    high: int
    step: int = 0


class Field(NamedTuple):
    """The values let through, as a bit mask, with what a mask cannot say.

    ``star``: whether the text starts with ``*`` or is ``?``, on which cron's rules hang.
    """

    mask: int
    star: bool
    marks: tuple[Mark, ...] = ()
    hashed: tuple[Hashed, ...] = ()

    def under(self, kind: FieldKind, name: str) -> "Field":
        """Return the field with its ``H`` turned to values for the entry of this name."""
        if not self.hashed:
            return self
        number = _number_of(kind.name, name)
        mask = self.mask
        for low, high, step in self.hashed:
            first = low + number % (step or high - low + 1)
            mask |= sum(1 << value for value in range(first, high + 1, step or high - low + 1))
        return Field(mask, self.star, self.marks)


@lru_cache(maxsize=1024)
def _number_of(field: str, entry: str) -> int:
    # The field's own name goes in, so that minute and hour of one entry are independent.
    return stable_hash("H", field, entry)


@cache
def everything(kind: FieldKind) -> int:
    """Return the mask that lets every value through."""
    return (1 << kind.high + 1) - (1 << kind.low)


def bits(mask: int) -> Iterator[int]:
    """Yield the numbers of a mask, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
