"""The text of a crontab of Celery's, read as Celery reads it, in beatd's text. Without Celery."""

import re
from collections.abc import Mapping
from typing import Any

from beatd.app.celery.schedules import field_text
from beatd.core.field_values import FieldError, shown
from beatd.errors import InvalidScheduleError
from beatd.schedules.crontab.fields import (
    DAY_OF_MONTH,
    DAY_OF_WEEK,
    HOUR,
    MINUTE,
    MONTH,
    MONTHS,
    WEEKDAYS,
    FieldKind,
)
from beatd.schedules.crontab.reader import read_field
from beatd.schedules.values import crontab

FIELDS: Mapping[str, FieldKind] = {
    "minute": MINUTE,
    "hour": HOUR,
    "day_of_week": DAY_OF_WEEK,
    "day_of_month": DAY_OF_MONTH,
    "month_of_year": MONTH,
}
_RANGE = re.compile(r"(\w+?)-(\w+)(/(\w+)?)?")
_STEPS = re.compile(r"\*/(\w+)?")


def crontab_text(fields: Mapping[str, Any], notes: list[str]) -> str:
    """Return the schedule that five fields describe; add to ``notes`` what is read otherwise. Raises FieldError."""
    words = {name: _field(name, fields.get(name), notes) for name in FIELDS}
    try:
        return str(crontab(**words))
    except InvalidScheduleError as error:
        raise FieldError("schedule", f"is the crontab {shown(error.text)}: {error.reason}", error.hint) from None


def _field(name: str, value: Any, notes: list[str]) -> str:
    kind = FIELDS[name]
    # As in the admin's forms, where blanks do not count and nothing stands for all.
    text = "".join(str("*" if value is None else value).split()) or "*"
    try:
        return field_text(kind, text, celery_values(kind, text))
    except ValueError as error:
        reason = str(error)
    try:
        found = read_field(kind, text)
    except ValueError:
        raise FieldError(name, f"Celery cannot read {shown(text)}: {reason}") from None
    if found.marks or found.hashed:
        raise FieldError(name, f"Celery cannot read {shown(text)}: {reason}")
    notes.append(f"{name} {shown(text)}: Celery cannot read it, so that its beat never fired this entry; beatd does")
    return text


def celery_values(kind: FieldKind, text: str) -> set[int]:
    """Return the values of a field. Raises ValueError with the reason where Celery does."""
    return {value for item in text.split(",") for value in _values(kind, item)}


def _values(kind: FieldKind, item: str) -> list[int]:
    """Return the values of an item in Celery's order; like Celery, look at its beginning only."""
    every = list(range(kind.low, kind.high + 1))
    if found := _RANGE.match(item):
        first, last = (_number(kind, word) for word in found.groups()[:2])
        if last < first:
            values = [*range(first, kind.high + 1), *range(kind.low, last + 1)]
        else:
            values = list(range(first, last + 1))
        return values[:: _step(found[4])] if found[3] else values
    if found := _STEPS.match(item):
        return every[:: _step(found[1])]
    return every if item == "*" else [_number(kind, item)]


def _step(word: str | None) -> int:
    step = int(word or "")
    if step == 0:
        raise ValueError("a step of 0")
    return step


def _number(kind: FieldKind, word: str) -> int:
    # Celery looks at three letters, and takes every name in every field.
    short = word[:3].lower()
    if word.startswith("-"):
        raise ValueError(f"{word[:40]!r} is negative")
    try:
        number = int(word)
    except ValueError:
        if short not in MONTHS and short not in WEEKDAYS:
            raise ValueError(f"{word[:40]!r} is neither a number nor a name") from None
        number = MONTHS.index(short) + 1 if short in MONTHS else WEEKDAYS.index(short)
    if not kind.low <= number <= kind.high:
        raise ValueError(f"{word[:40]!r} is out of range {kind.low}-{kind.high}")
    return number
