"""Durations as people write them: ``90``, ``1h30m``, ``250ms``; inside they are integer microseconds."""

import re
from datetime import timedelta

SECOND = 1_000_000
UNITS = {
    "w": 604_800 * SECOND,
    "d": 86_400 * SECOND,
    "h": 3_600 * SECOND,
    "m": 60 * SECOND,
    "s": SECOND,
    "ms": 1_000,
}
LONGEST = 36_500 * UNITS["d"]
_LONGEST_GUESSED = 60
_ORDER = list(UNITS)
_PART = re.compile(r"([0-9]{1,16})(ms|[wdhms])")
_WORDS = {
    "week": "w", "day": "d", "hour": "h", "hr": "h", "minute": "m", "min": "m", "second": "s", "sec": "s",
    "millisecond": "ms", "msec": "ms",
}  # fmt: skip


def parse_duration(value: str | float | timedelta) -> int:
    """Return microseconds. A bare number is seconds. Raises ValueError with the reason."""
    if isinstance(value, timedelta):
        return _whole_ms(value / timedelta(seconds=1), value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        reason = f"{value!r} is not a duration; write a number of seconds or a text such as '1h30m'"
        raise ValueError(reason)  # noqa: TRY004  a value of the wrong type in a file is one more thing a user wrote
    if not isinstance(value, str):
        return _whole_ms(value, value)
    text = value.strip()
    if re.fullmatch(r"[0-9]{1,16}", text):
        return _whole_ms(int(text), value)
    return _bounded(_read_parts(text), value)


def format_duration(microseconds: int) -> str:
    """Return the canonical text, ``1h30m``, rounded to a millisecond."""
    sign, left = ("-", -microseconds) if microseconds < 0 else ("", microseconds)
    left = (left + 500) // 1000 * 1000
    if left and left % UNITS["w"] == 0:
        return f"{sign}{left // UNITS['w']}w"
    words = []
    for unit in _ORDER[1:]:
        number, left = divmod(left, UNITS[unit])
        if number:
            words.append(f"{number}{unit}")
    return sign + "".join(words) if words else "0s"


def _read_parts(text: str) -> int:
    if not _PART.match(text) or _PART.sub("", text):
        raise ValueError(_why_not(text))
    total, places = 0, []
    for number, unit in _PART.findall(text):
        total += int(number) * UNITS[unit]
        places.append(_ORDER.index(unit))
    if places != sorted(set(places)):
        raise ValueError(f"in duration {text!r} each unit comes once, largest first; write {format_duration(total)!r}")
    return total


def _why_not(text: str) -> str:
    guess = guess_duration(text)
    if guess:
        return f"{text!r} is not a duration; write {format_duration(guess)!r}"
    if re.fullmatch(r"[0-9]+M", text):
        return f"{text!r} is not a duration; write {text[:-1] + 'm'!r} for minutes (a month has no fixed length)"
    return f"{text!r} is not a duration; write units w d h m s ms with whole numbers, as in '1h30m'"


def guess_duration(text: str) -> int | None:
    """Return what is plainly meant by ``5 minutes``, ``1.5h``, ``1h 30m``; in microseconds, or None."""
    if len(text) > _LONGEST_GUESSED:
        return None  # nobody writes so by habit, and the patterns below would take long
    total = 0.0
    parts = re.findall(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([a-zA-Z]+)(?:\s|,|and\b)*", text.strip())
    if not parts or re.sub(r"[0-9.]+\s*[a-zA-Z]+(?:\s|,|and\b)*", "", text.strip()):
        return None
    for number, word in parts:
        lowered = word.lower()
        unit = word if word in UNITS else _WORDS.get(lowered.removesuffix("s"), lowered)
        if unit not in UNITS or word == "M":
            return None
        total += float(number) * UNITS[unit]
    return round(total) if total <= LONGEST else None


def _whole_ms(seconds: float, value: object) -> int:
    if not abs(seconds) <= LONGEST / SECOND:
        return _bounded(LONGEST + 1, value)
    microseconds = round(seconds * SECOND)
    if microseconds % 1000 or seconds < 0:
        raise ValueError(f"{value!r} is not a duration; it must be a whole number of milliseconds, not negative")
    return microseconds


def _bounded(microseconds: int, value: object) -> int:
    if microseconds > LONGEST:
        raise ValueError(f"duration {value!r} is longer than {LONGEST // UNITS['d']}d")
    return microseconds
