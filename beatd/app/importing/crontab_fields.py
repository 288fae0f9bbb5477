"""The five fields of a line of cron, as cron reads them, in beatd's text: where both read alike, as they stand."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from beatd.schedules.crontab.fields import DAY_OF_MONTH, DAY_OF_WEEK, HOUR, MINUTE, MONTH, FieldKind, bits
from beatd.schedules.crontab.reader import read_field

_KINDS = (MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK)
_DAYS = (2, 4)
_ITEM = re.compile(r"(\*|[0-9]{1,4}|[a-z]{3})(?:-([0-9]{1,4}|[a-z]{3}))?(?:/([0-9]{1,9}))?", re.IGNORECASE)
_RANDOM = re.compile(r"([0-9]{0,4})~([0-9]{0,4})")
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
    "@every_minute": "* * * * *",
}
_REBOOT = "fires when the host starts, and nothing here fires because something starts; an own systemd unit can"
_LONGEST = 1000


class Times(NamedTuple):
    """A schedule's text, and what it does otherwise than cron."""

    text: str
    notes: list[str]


def nickname_times(word: str) -> Times:
    """Return what ``@daily`` and the like stand for. Raises ValueError with the reason."""
    lowered = word.lower()
    if lowered == "@reboot":
        raise ValueError(f"{word} {_REBOOT}")
    if lowered not in _NICKNAMES:
        raise ValueError(f"{word[:40]!r} is unknown to cron; it knows {', '.join([*_NICKNAMES, '@reboot'])}")
    return Times(_NICKNAMES[lowered], [])


def times(words: Sequence[str]) -> Times:
    """Return the text of five fields. Raises ValueError naming field, value and reason."""
    notes: list[str] = []
    texts = [_field(kind, word, notes) for kind, word in zip(_KINDS, words, strict=True)]
    # A day field that begins with a star demands both; where its text has changed, that is to be said.
    if any(words[day][0] == "*" for day in _DAYS) and not any(texts[day][0] == "*" for day in _DAYS):
        texts[4] = "&" + texts[4]
    return Times(" ".join(texts), notes)


def _field(kind: FieldKind, text: str, notes: list[str]) -> str:
    if len(text) > _LONGEST:
        raise ValueError(f"{kind.name} has {len(text)} characters; at most {_LONGEST} are read")
    items = text.split(",")
    if any("~" in item for item in items):
        return _drawn(kind, text, items, notes)
    wanted = sorted({value for item in items for value in _values(kind, item, notes)})
    try:
        found = read_field(kind, text)
    except ValueError:
        found = None
    if found is not None and not (found.marks or found.hashed) and list(bits(found.mask)) == wanted:
        return text
    return ",".join(map(str, wanted))


def _values(kind: FieldKind, item: str, notes: list[str]) -> Iterator[int]:
    """Yield the values of one item, Sunday as 0."""
    found = _ITEM.fullmatch(item)
    if found is None or (found[1] == "*" and found[2]):
        raise ValueError(f"{kind.name} {item[:40]!r} is not a value, a range a-b, a step */n or a list of them")
    high = _high(kind)
    first = kind.low if found[1] == "*" else _number(kind, found[1])
    last = high if found[1] == "*" else _number(kind, found[2]) if found[2] else first
    step = 1 if found[3] is None else int(found[3])
    if step == 0:
        raise ValueError(f"{kind.name} {item!r}: a step is 1 or more")
    if last < first:
        raise ValueError(f"{kind.name} {item!r}: cron refuses a range that runs downwards; write it as two")
    if step > 1 and first == last:
        notes.append(f"{kind.name} {item!r}: cron takes the one value {found[1]} and no step, and so does this entry")
    elif step > last - first and step > 1:
        notes.append(f"{kind.name} {item!r}: the step is longer than the range, so that only its first value counts")
    size = 7 if kind is DAY_OF_WEEK else high + 1
    return (value % size for value in range(first, last + 1, step))


def _drawn(kind: FieldKind, text: str, items: Sequence[str], notes: list[str]) -> str:
    """Return cronie's ``0~30``, a value drawn when cron starts, as one drawn from the entry's name."""
    texts = []
    for item in items:
        found = _RANDOM.fullmatch(item)
        if found is None:
            if "~" in item:
                raise ValueError(f"{kind.name} {item[:40]!r} is not a range to draw from, as 0~30 is")
            texts.append(_field(kind, item, notes))
            continue
        low = _number(kind, found[1]) if found[1] else kind.low
        high = _number(kind, found[2]) if found[2] else kind.hash_high
        if high < low:
            raise ValueError(f"{kind.name} {item!r}: cron refuses a range that runs downwards")
        texts.append(f"H({low}-{min(high, kind.hash_high)})")
    said = ",".join(texts)
    notes.append(f"{kind.name} {text!r}: cron draws the value anew at each start; {said} draws it once, from the name")
    return said


def _number(kind: FieldKind, word: str) -> int:
    lowered = word.lower()
    if lowered in kind.names:
        return kind.names.index(lowered) + kind.low
    high = _high(kind)
    if not word.isdigit():
        raise ValueError(f"{kind.name} {word!r} is not a number {kind.low}-{high}")
    if not kind.low <= int(word) <= high:
        raise ValueError(f"{kind.name} {word!r} is out of range {kind.low}-{high}")
    return int(word)


def _high(kind: FieldKind) -> int:
    return 7 if kind is DAY_OF_WEEK else kind.high
