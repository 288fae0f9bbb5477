"""One field of a crontab: its text as a bit mask, and a mask as its canonical text."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

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
    """What one place of a crontab may hold."""

    name: str
    low: int
    high: int
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


SECOND = FieldKind("second", 0, 59)
MINUTE = FieldKind("minute", 0, 59)
HOUR = FieldKind("hour", 0, 23)
DAY_OF_MONTH = FieldKind("day of month", 1, 31)
MONTH = FieldKind("month", 1, 12, MONTHS)
DAY_OF_WEEK = FieldKind("day of week", 0, 6, WEEKDAYS)

_ITEM = re.compile(r"(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:/([0-9]{1,4}))?")
_LATER = (
    (re.compile(r"\?"), "?"),
    (re.compile(r".*#.*"), "#"),
    (re.compile(r"h(\(.*\))?(/.*)?"), "H"),
    (re.compile(r"[0-9]+w|lw"), "W"),
    (re.compile(r"l|l-[0-9]+|[0-7]l|l[0-7]|[a-z]{3}l|l[a-z]{3}"), "L"),
)


class Field(NamedTuple):
    """The values let through, as a bit mask, and whether the text starts with ``*``, on which cron's rules hang."""

    mask: int
    star: bool


@lru_cache(maxsize=16_384)
def read_field(kind: FieldKind, text: str) -> Field:
    """Return the field. Raises ValueError naming field, value and reason."""
    mask = 0
    for item in text.split(","):
        mask |= _read_item(kind, item, text)
    return Field(mask, text.startswith("*"))


def _read_item(kind: FieldKind, item: str, text: str) -> int:
    if not item:
        raise ValueError(f"{kind.name} {text!r} has an empty part")
    for pattern, sign in _LATER:
        if pattern.fullmatch(item.lower()):
            raise ValueError(f"{kind.name} {item!r}: {sign} in a crontab is not in this version")
    found = _ITEM.fullmatch(item.lower())
    if found is None or (found[1] == "*" and found[2]):
        raise ValueError(f"{kind.name} {item!r} is not a value, a range a-b, a step */n or a list of them")
    return _mask_of(kind, item, found)


def _mask_of(kind: FieldKind, item: str, found: re.Match[str]) -> int:
    if found[1] == "*":
        first, last = kind.low, kind.high
    else:
        first = _value(kind, found[1], item)
        last = _value(kind, found[2], item) if found[2] else (kind.high if found[3] else first)
    step = 1 if found[3] is None else int(found[3])
    if kind is DAY_OF_WEEK and first == 7:
        first, last = 0, 0 if last == 7 else last
    size = kind.high - kind.low + 1
    length = last - first if last >= first else last - first + size
    if step == 0 or (step > length and step != 1):
        raise ValueError(
            f"{kind.name} {item!r}: step {step} must lie between 1 and {max(length, 1)}, the range's length"
        )
    return sum({1 << (first - kind.low + place) % size + kind.low for place in range(0, length + 1, step)})


def _value(kind: FieldKind, word: str, item: str) -> int:
    number = kind.number_of(word)
    if number is None:
        names = f" or {kind.names[0]}-{kind.names[-1]}" if kind.names else ""
        where = "" if word == item else f" in {item!r}"
        raise ValueError(f"{kind.name} {word!r}{where} is not a number {kind.low}-{kind.high}{names}")
    high = 7 if kind is DAY_OF_WEEK else kind.high
    if not kind.low <= number <= high:
        raise ValueError(f"{kind.name} {word!r} is out of range {kind.low}-{high}")
    return number


def everything(kind: FieldKind) -> int:
    """Return the mask that lets every value through."""
    return (1 << kind.high + 1) - (1 << kind.low)


@lru_cache(maxsize=16_384)
def write_field(kind: FieldKind, field: Field) -> str:
    """Return the canonical text, which reads back as the same field. Weekdays are named, months are numbers."""
    if not field.star:
        return _write_values(kind, field.mask)
    if field.mask == everything(kind):
        return "*"
    steps = ((step, _every(kind, step)) for step in range(2, kind.high - kind.low + 1))
    step, stepped = next((step, mask) for step, mask in steps if mask & field.mask == mask)
    rest = field.mask & ~stepped
    return f"*/{step}" + ("," + _write_values(kind, rest) if rest else "")


def _every(kind: FieldKind, step: int) -> int:
    return sum(1 << value for value in range(kind.low, kind.high + 1, step))


def _write_values(kind: FieldKind, mask: int) -> str:
    values = [value for value in range(kind.low, kind.high + 1) if mask >> value & 1]
    step = values[1] - values[0] if len(values) > 5 else 1
    if step > 1 and values == list(range(values[0], values[-1] + 1, step)):
        return f"{values[0]}-{values[-1]}/{step}"
    return ",".join(_write_run(kind, run) for run in _runs(kind, values))


def _runs(kind: FieldKind, values: list[int]) -> list[list[int]]:
    runs = [[values[0]]]
    for value in values[1:]:
        if value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    # A weekend is one run, sat-mon, to people; hours and dates are not written round the corner unasked.
    if kind is DAY_OF_WEEK and len(runs) > 1 and (values[0], values[-1]) == (kind.low, kind.high):
        runs.append(runs.pop() + runs.pop(0))
    return runs


def _write_run(kind: FieldKind, run: list[int]) -> str:
    words = [kind.names[value] if kind is DAY_OF_WEEK else str(value) for value in run]
    return f"{words[0]}-{words[-1]}" if len(run) > 2 else ",".join(words)
