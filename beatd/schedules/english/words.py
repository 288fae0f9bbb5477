"""Lists, lengths of time, ordinals and places as people read them."""

from collections.abc import Sequence

from beatd.schedules.durations import UNITS

_NAMES = (("w", "week"), ("d", "day"), ("h", "hour"), ("m", "minute"), ("s", "second"), ("ms", "millisecond"))
_MOST_OF_ONE_UNIT = 120
_ORDINALS = ("first", "second", "third", "fourth", "fifth")


def listed(words: Sequence[str], last: str = "and") -> str:
    """Return ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def counted(number: int, noun: str) -> str:
    """Return ``1 minute`` or ``2 minutes``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def length(microseconds: int) -> str:
    """Return a length of time: ``90 minutes``, ``25 hours 30 minutes``, ``250 milliseconds``."""
    for unit, noun in _NAMES:
        number, rest = divmod(microseconds, UNITS[unit])
        if not rest and number <= _MOST_OF_ONE_UNIT:
            return counted(number, noun)
    parts = []
    for unit, noun in _NAMES:
        number, microseconds = divmod(microseconds, UNITS[unit])
        if number:
            parts.append(counted(number, noun))
    return " ".join(parts)


def turn(microseconds: int) -> str:
    """Return how often something comes: ``every 90 minutes``, ``every day``."""
    words = length(microseconds)
    return f"every {words.removeprefix('1 ')}" if words.count(" ") == 1 else f"every {words}"


def ordinal(number: int) -> str:
    """Return ``first``, ``second``, ... and ``6th`` from there on."""
    if 1 <= number <= len(_ORDINALS):
        return _ORDINALS[number - 1]
    return f"{number}{nth_ending(number)}"


def nth_ending(number: int) -> str:
    """Return the ending of ``1st``, ``2nd``, ``11th``."""
    return "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def place(latitude: str, longitude: str) -> str:
    """Return two coordinates, in degrees, as on a map."""
    north, east = float(latitude), float(longitude)
    return f"{_degrees(latitude)} {'S' if north < 0 else 'N'} {_degrees(longitude)} {'W' if east < 0 else 'E'}"


def _degrees(written: str) -> str:
    digits = written.lstrip("+-")
    return f"{digits}°" if len(digits.partition(".")[2]) > 2 else f"{float(digits):.2f}°"


def opened(text: str) -> str:
    """Return a sentence with a capital letter first."""
    return text[:1].upper() + text[1:]
