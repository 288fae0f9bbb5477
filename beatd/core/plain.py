"""Values as JSON carries them, and back: dates, UUIDs, decimals and bytes in the typed form that kombu reads.

What JSON cannot carry is refused with its type, its place (``rows[3]['when']``) and the remedy.
"""

import base64
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any
from uuid import UUID

from beatd.errors import NotSerializableError

# Python itself writes and reads no longer number in decimal (sys.get_int_max_str_digits is 4300).
_MOST_BITS = 13_288
_SMALL = 2**63
_TYPED = {"__type__", "__value__"}
_REMEDIES = {
    set: "pass list(...)",
    frozenset: "pass list(...)",
    timedelta: "pass its seconds: value.total_seconds()",
    complex: "pass its parts: [value.real, value.imag]",
    range: "pass list(...)",
}
_DECODERS: dict[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": lambda text: datetime.fromisoformat(text).date(),
    "time": time.fromisoformat,
    "decimal": Decimal,
    "uuid": lambda value: UUID(**value),
    "bytes": str.encode,
    "base64": lambda text: base64.b64decode(text, validate=True),
}


class _Refused(Exception):  # noqa: N818  carries the place upwards and never leaves this module
    """A value deep inside another cannot be written; ``steps`` lead to it, innermost first."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.steps: list[str] = []


def plain(value: Any, place: str) -> Any:
    """Return ``value`` as JSON can carry it; ``place`` is what messages call it. Raises NotSerializableError."""
    try:
        return _plain(value)
    except _Refused as refused:
        where = place + "".join(reversed(refused.steps))
        raise NotSerializableError(f"{where} {refused.what}, which JSON cannot carry; {refused.remedy}") from None
    except RecursionError:
        raise NotSerializableError(f"{place} is nested too deeply for JSON, or contains itself") from None


def is_plain(value: Any) -> bool:
    """Return whether JSON carries a value as it is, for certain; most arguments are such, and need no closer look."""
    kind = type(value)
    if kind is str:
        return value.isascii()  # type: ignore[no-any-return]  # str's own
    return value is None or kind is bool or (kind is int and -_SMALL < value < _SMALL)


def revive(value: Any) -> Any:
    """Return a decoded JSON value with kombu's typed forms turned back into what they stand for. Raises ValueError."""
    if isinstance(value, list):
        return [revive(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() != _TYPED:
        return {key: revive(item) for key, item in value.items()}
    kind, content = value["__type__"], value["__value__"]
    decoder = _DECODERS.get(kind) if isinstance(kind, str) else None
    if decoder is None:
        raise ValueError(f"a value of the unknown type {kind!r}; known: {', '.join(_DECODERS)}")
    try:
        return decoder(content)
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"{content!r} is no {kind}") from error


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return _text(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return _whole(value)
    if kind is float:
        return _number(value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, list | tuple):
        return [_item(item, index) for index, item in enumerate(value)]
    return _rich(value)


def _rich(value: Any) -> Any:
    """Return what is no plain JSON value itself but has a written form."""
    if isinstance(value, str):
        return _text(value.value if isinstance(value, Enum) else str(value))
    if isinstance(value, int):
        return _whole(int(value))
    if isinstance(value, float):
        return _number(float(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes(bytes(value))
    # A datetime is a date too, so it comes first.
    for base, name, write in _WRITERS:
        if isinstance(value, base):
            return {"__type__": name, "__value__": write(value)}
    raise _refusal(value)


_WRITERS: tuple[tuple[type, str, Callable[[Any], Any]], ...] = (
    (datetime, "datetime", lambda value: value.isoformat()),
    (date, "date", lambda value: value.isoformat()),
    (time, "time", lambda value: value.isoformat()),
    (Decimal, "decimal", str),
    (UUID, "uuid", lambda value: {"hex": value.hex, "version": value.version}),
)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _Refused("is text with a lone surrogate", "pass bytes, or decode with errors='replace'") from None
    return value


def _whole(value: int) -> int:
    if value.bit_length() > _MOST_BITS:
        raise _Refused("is a number of more than 4000 digits", "pass it as text: hex(...)")
    return value


def _number(value: float) -> float:
    if not isfinite(value):
        raise _Refused(f"is {value}", "pass None, or text")
    return value


def _bytes(value: bytes) -> dict[str, str]:
    try:
        return {"__type__": "bytes", "__value__": value.decode()}
    except UnicodeDecodeError:
        return {"__type__": "base64", "__value__": base64.b64encode(value).decode()}


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    written = {_key(key): _item(item, key) for key, item in value.items()}
    if written.keys() == _TYPED:
        raise _Refused("is a dict of just '__type__' and '__value__'", "those keys mark typed values: rename one")
    if len(written) != len(value):
        raise _Refused("has keys that become the same text, such as 1 and '1'", "make the keys text")
    return written


def _key(key: Any) -> str:
    """Return a key as text: numbers, booleans and None as the standard library's JSON writes them."""
    if isinstance(key, str):
        return _text(key.value if isinstance(key, Enum) else str(key))
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int | float):
        return str(int(key)) if isinstance(key, int) else repr(_number(float(key)))
    raise _Refused(f"has the key {key!r}, {_kind(key)}", "make the keys text")


def _item(value: Any, step: object) -> Any:
    try:
        return _plain(value)
    except _Refused as refused:
        refused.steps.append(f"[{step!r}]")
        raise


def _refusal(value: Any) -> _Refused:
    return _Refused(f"is {_kind(value)}", _remedy(value))


def _kind(value: Any) -> str:
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _remedy(value: Any) -> str:
    if isinstance(value, Enum):
        return "pass its .value"
    if hasattr(type(value), "__dataclass_fields__"):
        return "pass dataclasses.asdict(...)"
    if hasattr(type(value), "__fspath__"):
        return "pass str(...)"
    remedy = next((text for base, text in _REMEDIES.items() if isinstance(value, base)), None)
    return remedy or "pass its id, its text (str(...)), or plain lists, dicts, text and numbers"
