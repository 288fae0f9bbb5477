"""The text of one field of a crontab, read; refused with field, value, reason and often the right text."""

import re
from functools import lru_cache

from beatd.schedules.crontab.fields import (
    DAY_OF_MONTH,
    DAY_OF_WEEK,
    YEAR,
    Field,
    FieldKind,
    Hashed,
    Mark,
    everything,
)

_ITEM = re.compile(r"(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:/([0-9]{1,4}))?")
_HASHED = re.compile(r"h(?:\(([a-z0-9]+)-([a-z0-9]+)\))?(?:/([0-9]{1,4}))?")
_LAST = re.compile(r"l(?:-([0-9]{1,4}))?")
_NEAREST = re.compile(r"([0-9]{1,4})w")
_NTH = re.compile(r"([a-z0-9]+)#([0-9]{1,4})")
_LAST_WEEKDAY = re.compile(r"([0-9]|[a-z]{3,9})l")
_DAYS = (DAY_OF_MONTH, DAY_OF_WEEK)
_MISPLACED = {
    DAY_OF_MONTH: "is not a day of month as L, L-2, LW and 15W are; fri#2 and friL are days of the week",
    DAY_OF_WEEK: "is not a day of the week as friL (the last) and fri#2 are; L, L-2, LW and 15W are days of month",
}
_SIGNS = re.compile(r"l|l?w|l-?[0-9]+|[0-9]+[lw]|.*#.*")


class Parts:
    """What the items of one field have said so far."""

    __slots__ = ("hashed", "kind", "marks", "mask")

    def __init__(self, kind: FieldKind) -> None:
        self.kind = kind
        self.mask = 0
        self.marks: set[Mark] = set()
        self.hashed: set[Hashed] = set()

    def field(self, *, star: bool) -> Field:
        """Return the field; what is let through anyway is not said twice."""
        if self.mask == everything(self.kind):
            return Field(self.mask, star)
        return Field(self.mask, star, tuple(sorted(self.marks)), tuple(sorted(self.hashed)))


@lru_cache(maxsize=16_384)
def read_field(kind: FieldKind, text: str) -> Field:
    """Return the field. Raises ValueError naming field, value and reason."""
    if text == "?" and kind in _DAYS:
        return Field(everything(kind), star=True)
    parts = Parts(kind)
    for item in dict.fromkeys(text.split(",")):
        if not item:
            raise ValueError(f"{kind.name} {text!r} has an empty part")
        _read_item(parts, item)
    return parts.field(star=text.startswith("*"))


def _read_item(parts: Parts, item: str) -> None:
    kind, lowered = parts.kind, item.lower()
    if found := _HASHED.fullmatch(lowered):
        parts.hashed.add(_read_hashed(kind, item, found))
    elif kind in _DAYS and (mark := _read_mark(kind, item, lowered)):
        parts.marks.add(mark)
    elif (found := _ITEM.fullmatch(lowered)) and not (found[1] == "*" and found[2]) and not _SIGNS.fullmatch(lowered):
        parts.mask |= _read_values(kind, item, found)
    else:
        raise ValueError(f"{kind.name} {item!r} {_refusal(kind, lowered)}")


def _read_values(kind: FieldKind, item: str, found: re.Match[str]) -> int:
    if found[1] == "*":
        first, last = kind.low, kind.high
    else:
        first = _value(kind, found[1], item)
        last = _value(kind, found[2], item) if found[2] else (kind.high if found[3] else first)
    if kind is DAY_OF_WEEK and first == 7:
        first, last = 0, 0 if last == 7 else last
    if kind is YEAR and last < first:
        raise ValueError(f"{kind.name} {item!r}: a range of years runs upwards")
    size = kind.high - kind.low + 1
    length = last - first if last >= first else last - first + size
    step = 1 if found[3] is None else _step(kind, item, int(found[3]), length)
    if step == 1 and first <= last <= kind.high:
        return (1 << last + 1) - (1 << first)
    mask = 0
    for place in range(0, length + 1, step):
        mask |= 1 << (first - kind.low + place) % size + kind.low
    return mask


def _read_hashed(kind: FieldKind, item: str, found: re.Match[str]) -> Hashed:
    low, high = kind.low, kind.hash_high
    if found[1]:
        low, high = (_value(kind, word, item) for word in found.groups()[:2])
        if kind is DAY_OF_MONTH and max(low, high) > kind.hash_high:
            raise ValueError(f"{kind.name} {item!r}: H lies within 1-{kind.hash_high}, the days that every month has")
        if not low <= high <= kind.high:
            raise ValueError(f"{kind.name} {item!r}: the range of H runs upwards within {kind.low}-{kind.high}")
    return Hashed(low, high, _step(kind, item, int(found[3]), high - low) if found[3] else 0)


def _step(kind: FieldKind, item: str, step: int, length: int) -> int:
    if length == 0 and step > 1:
        raise ValueError(f"{kind.name} {item!r}: it names one value, from which there is nothing to step to")
    if step == 0 or (step > length and step != 1):
        reason = f"step {step} must lie between 1 and {max(length, 1)}, the range's length"
        raise ValueError(f"{kind.name} {item!r}: {reason}")
    return step


def _read_mark(kind: FieldKind, item: str, lowered: str) -> Mark | None:
    return _read_date(item, lowered) if kind is DAY_OF_MONTH else _read_weekday(item, lowered)


def _read_date(item: str, lowered: str) -> Mark | None:
    if lowered == "lw":
        return Mark("LW")
    if found := _LAST.fullmatch(lowered):
        back = int(found[1] or 0)
        if back > 30:
            raise ValueError(f"day of month {item!r}: the last day of a month less {back} is in no month; at most L-30")
        return Mark("L", back)
    if found := _NEAREST.fullmatch(lowered):
        return Mark("W", _value(DAY_OF_MONTH, found[1], item))
    return None


def _read_weekday(item: str, lowered: str) -> Mark | None:
    if found := _NTH.fullmatch(lowered):
        weekday, nth = _value(DAY_OF_WEEK, found[1], item) % 7, int(found[2])
        if not 1 <= nth <= 5:
            raise ValueError(f"day of week {item!r}: a month has a weekday at most five times; write #1 to #5")
        return Mark("#", weekday, nth)
    if found := _LAST_WEEKDAY.fullmatch(lowered):
        return Mark("L", _value(DAY_OF_WEEK, found[1], item) % 7)
    return None


def _value(kind: FieldKind, word: str, item: str) -> int:
    number = kind.number_of(word)
    if number is None:
        names = f" or {kind.names[0]}-{kind.names[-1]}" if kind.names else ""
        names = ", L, L-2, LW or 15W" if kind is DAY_OF_MONTH else names
        where = "" if word == item.lower() else f" in {item!r}"
        raise ValueError(f"{kind.name} {word!r}{where} is not a number {kind.low}-{kind.high}{names}")
    high = 7 if kind is DAY_OF_WEEK else kind.high
    if not kind.low <= number <= high:
        where = "" if word == item.lower() else f" in {item!r}"
        raise ValueError(f"{kind.name} {word!r}{where} is out of range {kind.low}-{high}")
    return number


def _refusal(kind: FieldKind, lowered: str) -> str:
    """Say what is wrong with an item that no form fits."""
    if lowered == "?":
        return "stands alone, as the whole field" if kind in _DAYS else "stands in the day fields only; write '*'"
    if lowered.startswith("h("):
        return "is not an H: H, H(a-b), H/n or H(a-b)/n"
    if _SIGNS.fullmatch(lowered):
        return _MISPLACED.get(kind, "has L, W or #, which stand in the day fields only")
    return "is not a value, a range a-b, a step */n or a list of them"
