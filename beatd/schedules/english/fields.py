"""The fields of a canonical crontab text, taken apart into what they list."""

import re
from typing import NamedTuple

from beatd.schedules.crontab.fields import MONTHS, WEEKDAYS

_PLAIN = re.compile(r"(\*|[0-9]+|[a-z]{3})(?:-([0-9]+|[a-z]{3}))?(?:/([0-9]+))?")
_FIRST = re.compile(r"[0-9*?&hHlL,-]")


class Span(NamedTuple):
    """One plain item of a field: from ``first`` to ``last`` (which may lie before it), every ``step``-th."""

    first: int
    last: int
    step: int


class FieldText(NamedTuple):
    """One field: its text, the plain items, the values they let through, and items of another kind (``LW``, ``H``)."""

    name: str
    text: str
    spans: tuple[Span, ...]
    values: frozenset[int]
    special: tuple[str, ...]
    size: int

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self.text in {"*", "?"}

    @property
    def starred(self) -> bool:
        """Whether it starts with ``*``, on which cron's rules hang."""
        return self.text.startswith("*")


class CronText(NamedTuple):
    """The fields of a crontab; ``year`` is None where the text has none. ``both``: both kinds of day must match."""

    second: FieldText
    minute: FieldText
    hour: FieldText
    day_of_month: FieldText
    month: FieldText
    day_of_week: FieldText
    year: FieldText | None
    both: bool

    @property
    def hashed(self) -> bool:
        """Whether the entry's name decides a part (``H``)."""
        return any(item.startswith("h") for field in self if isinstance(field, FieldText) for item in field.special)

    @property
    def restricts_both_days(self) -> bool:
        """Whether day of month and day of week both leave something out."""
        return not self.day_of_month.everything and not self.day_of_week.everything


_PLACES = (("second", 0, 59), ("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12))


def read_cron(text: str) -> CronText | None:
    """Return the fields of a canonical text; None where it is no crontab."""
    words = text.removeprefix("cron ").split()
    if len(words) not in {5, 6, 7} or not _FIRST.match(words[0]):
        return None
    if len(words) == 5:
        words.insert(0, "0")
    second, minute, hour, days, month = [_field(*place, word) for place, word in zip(_PLACES, words, strict=False)]
    week = _field("day of week", 0, 6, words[5].removeprefix("&"))
    year = _field("year", 1970, 9999, words[6]) if len(words) == 7 else None
    both = words[5].startswith("&") or days.starred or week.starred
    return CronText(second, minute, hour, days, month, week, year, both)


def _field(name: str, low: int, high: int, text: str) -> FieldText:
    spans, special = [], []
    for item in text.lower().split(","):
        found = _PLAIN.fullmatch(item)
        if item == "?":
            spans.append(Span(low, high, 1))
        elif found is None or found[1] == "lw":
            special.append(item)
        else:
            first = low if found[1] == "*" else _number(found[1])
            last = high if found[1] == "*" else _number(found[2]) if found[2] else high if found[3] else first
            spans.append(Span(first, last, int(found[3] or 1)))
    size = high - low + 1
    values = frozenset(
        (span.first - low + place) % size + low
        for span in spans
        for place in range(0, (span.last - span.first) % size + 1, span.step)
    )
    return FieldText(name, text, tuple(spans), values, tuple(special), size)


def _number(word: str) -> int:
    if word in WEEKDAYS:
        return WEEKDAYS.index(word)
    return MONTHS.index(word) + 1 if word in MONTHS else int(word)
