"""How the value of one field is read: each decoder takes (key, value) and returns it typed, or raises FieldError."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from beatd.core.document import nearest
from beatd.core.plan import Misfire, Overlap
from beatd.core.protocol import RESERVED_HEADERS
from beatd.core.strict_json import NotJsonError, check_json
from beatd.schedules.at import OUTSIDE, instants, is_day, is_representable, read_reading
from beatd.schedules.durations import parse_duration
from beatd.schedules.moments import FIRST, LAST, SECOND, to_us
from beatd.schedules.zones import zone as known_zone

LATER = "not in this version"
_LONGEST_SHOWN = 80
_LONGEST_REASON = 240
_FORM = 'such as "2026-12-24T18:00"'


class FieldError(ValueError):
    """A field of an entry cannot be used: which, why, and what to do."""

    def __init__(self, key: str, reason: str, hint: str | None = None) -> None:
        super().__init__(f"{key}: {reason}" + (f"; {hint}" if hint else ""))
        self.key = key
        self.reason = reason
        self.hint = hint


def shown(value: Any) -> str:
    """Return a value as an error quotes it, cut where it is long."""
    try:
        written = repr(value)
    except (ValueError, RecursionError):  # a number of more digits than Python writes, a list within itself
        return f"{type(value).__name__} that cannot be written out"
    return _cut(written)


def named(key: object) -> str:
    """Return a name as an error's path has it: cut where it is long, quoted where it holds control characters."""
    written = str(key)
    return _cut(written if written.isprintable() else repr(written))


def _cut(written: str) -> str:
    return written if len(written) <= _LONGEST_SHOWN else f"{written[: _LONGEST_SHOWN - 3]}..."


def _typed(key: str, value: Any, kind: Any, words: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise FieldError(key, f"must be {words}, got {shown(value)}") from None


def text(key: str, value: Any) -> str:
    """Read any text."""
    found: str = _typed(key, value, str, "text")
    return found


def texts(key: str, value: Any) -> list[str]:
    """Read a list of texts."""
    found: list[str] = _typed(key, value, list[str], 'a list of texts, such as ["a", "b"]')
    return found


def switch(key: str, value: Any) -> bool:
    """Read true or false."""
    found: bool = _typed(key, value, bool, "true or false")
    return found


def whole(least: int, most: int | None = None) -> Callable[[str, Any], int]:
    """Return a decoder of whole numbers in a range."""
    kind = Annotated[int, Meta(ge=least) if most is None else Meta(ge=least, le=most)]
    words = f"a whole number of {least} or more" if most is None else f"a whole number from {least} to {most}"

    def decode(key: str, value: Any) -> int:
        found: int = _typed(key, value, kind, words)
        return found

    return decode


def printable(most: int) -> Callable[[str, Any], str]:
    """Return a decoder of names: printable text of limited length, without blanks at either end."""

    def decode(key: str, value: Any) -> str:
        if (
            not isinstance(value, str)
            or not 1 <= len(value) <= most
            or not value.isprintable()
            or value != value.strip()
        ):
            raise FieldError(key, f"must be a name of 1 to {most} printable characters, got {shown(value)}")
        return value

    return decode


queue_name: Final = printable(200)


def choice(*words: str) -> Callable[[str, Any], str]:
    """Return a decoder of one of several words."""

    def decode(key: str, value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            listed = " or ".join(repr(word) for word in words)
            raise FieldError(key, f"must be {listed}, got {shown(value)}", nearest(str(value), words))
        return value

    return decode


def misfire(key: str, value: Any) -> Misfire:
    """Read what late fires do."""
    return Misfire(choice(*(word.value for word in Misfire))(key, value))


def overlap(key: str, value: Any) -> Overlap:
    """Read what a fire does while the former message has not ended."""
    return Overlap(choice(*(word.value for word in Overlap))(key, value))


def duration(least: int) -> Callable[[str, Any], int]:
    """Return a decoder of durations of at least ``least`` microseconds."""

    def decode(key: str, value: Any) -> int:
        found = _microseconds(key, value)
        if found < least:
            raise FieldError(
                key, f"must be a duration {'of 0 or more' if not least else 'above 0'}, got {shown(value)}"
            )
        return found

    return decode


def limit(key: str, value: Any) -> float:
    """Read a time limit, in seconds."""
    return duration(1)(key, value) / SECOND


def _microseconds(key: str, value: Any) -> int:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise FieldError(key, _brief(str(error), f"{shown(value)} is not a duration")) from None


def _brief(reason: str, instead: str) -> str:
    """Return a reason, or what stands for it where it quotes a value of any length."""
    return reason if len(reason) <= _LONGEST_REASON and reason.isprintable() else instead


def zone(key: str, value: Any) -> str:
    """Read the name of a time zone."""
    name = text(key, value)
    try:
        return known_zone(name).key
    except ValueError as error:
        raise FieldError(key, _brief(str(error), f"unknown time zone {shown(name)}")) from None


def moment(key: str, value: Any, timezone: str) -> int:
    """Read a moment, in ``timezone`` where it has no zone of its own, as microseconds since the epoch.

    A day is its midnight.
    """
    found = _instant(key, value, timezone)
    if not is_representable(found):
        raise FieldError(key, f"{shown(value)} is no moment: {_outside(key, value, timezone)}")
    return found


def start(key: str, value: Any, timezone: str) -> int:
    """Read a first moment, as ``moment`` does; one that no schedule reaches is refused with what to write instead."""
    found = _instant(key, value, timezone)
    if is_representable(found):
        return found
    remedy = "leave it out" if found < FIRST else "write enabled = false for an entry that is not to fire"
    raise FieldError(key, f"{shown(value)} cannot be used: {_outside(key, value, timezone)}", remedy)


def end(key: str, value: Any, timezone: str) -> int | None:
    """Read a last moment, as ``moment`` does; None for one that ends nothing, since no schedule reaches it."""
    return None if _instant(key, value, timezone) > LAST else moment(key, value, timezone)


def _instant(key: str, value: Any, timezone: str) -> int:
    """Return a moment that may lie a day before the year 1 or after 9999."""
    local = _reading(key, value)
    if local.tzinfo is not None:
        return to_us(local)
    # As for `at`, daylight saving included: one rule for both.
    found = instants(local, known_zone(timezone), "shift", "first")
    if not found:
        raise FieldError(key, f"{shown(value)} is no moment that exists in {timezone}")
    return found[0]


def _outside(key: str, value: Any, timezone: str) -> str:
    """Return why a moment is none; the zone has a part in it where the moment has no offset of its own."""
    return OUTSIDE if _reading(key, value).tzinfo is not None else f"in {timezone} {OUTSIDE}"


def _reading(key: str, value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    written = value.isoformat() if isinstance(value, date) else value
    if not isinstance(written, str):
        raise FieldError(key, f"must be a moment {_FORM}, got {shown(value)}")
    written = written.strip()
    try:
        found = read_reading(f"{written}T00:00" if is_day(written) else written)
    except ValueError as error:
        raise FieldError(key, f"{shown(value)} is no moment: {error}") from None
    if found is None:
        raise FieldError(key, f"{shown(value)} is no moment {_FORM}")
    return found


def json_list(key: str, value: Any) -> list[Any]:
    """Read positional arguments."""
    if not isinstance(value, list | tuple):
        raise FieldError(key, f"must be a list, got {shown(value)}", _list_remedy(key, value))
    found: list[Any] = _json(key, value)
    return found


def _list_remedy(key: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"write {key} = [1, 2], or kwargs = {{ name = 1 }} for arguments by name"
    if isinstance(value, bool):
        return f"write {key} = [{str(value).lower()}]"
    return f"write {key} = [{shown(value) if isinstance(value, str | int | float) else 'value'}]"


def json_table(key: str, value: Any) -> dict[str, Any]:
    """Read keyword arguments."""
    if not isinstance(value, dict):
        raise FieldError(key, f"must be a table, got {shown(value)}", f"write {key} = {{ name = value }}")
    found: dict[str, Any] = _json(key, value)
    return found


def message_headers(key: str, value: Any) -> dict[str, Any]:
    """Read headers of the user's own."""
    found = json_table(key, value)
    for name in found:
        if name in RESERVED_HEADERS or name.startswith("beatd_"):
            raise FieldError(f"{key}.{name}", "is a header that the message sets itself", "choose another name")
    return found


def none_yet(key: str, value: Any) -> None:
    """Refuse a field of a later version."""
    raise FieldError(key, f"{LATER}, got {shown(value)}", "leave it out")


def _json(key: str, value: Any) -> Any:
    try:
        return check_json(value, key)
    except NotJsonError as error:
        raise FieldError(error.path, error.reason, error.hint) from None
