"""What an entry's arguments may hold: the values that JSON itself has, so that every store carries them unchanged."""

from collections.abc import Mapping
from datetime import date, datetime, time
from math import isfinite
from typing import Any

# What a 64-bit store, and the fastest JSON readers, still take.
_LEAST, _MOST = -(2**63), 2**64 - 1
_DEEPEST = 100
_MOMENTS = {datetime: "a date-time", date: "a date", time: "a time"}


class NotJsonError(ValueError):
    """A value is none of JSON's; ``path`` leads to it, ``reason`` and ``hint`` say what and what to do."""

    def __init__(self, path: str, reason: str, hint: str) -> None:
        super().__init__(f"{path}: {reason}; {hint}")
        self.path = path
        self.reason = reason
        self.hint = hint


def check_json(value: Any, path: str, depth: int = 0) -> Any:
    """Return ``value`` with tuples as lists and mappings as dicts. Raises NotJsonError naming the key path."""
    if depth > _DEEPEST:
        raise NotJsonError(path, f"is nested more than {_DEEPEST} deep", "flatten it, or pass the id of what it is")
    if isinstance(value, Mapping):
        return {_key(key, path): check_json(item, f"{path}.{key}", depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [check_json(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
    return _scalar(value, path)


def _key(key: Any, path: str) -> str:
    if type(key) is not str:
        raise NotJsonError(path, f"has the key {repr(key)[:80]}, which is not text", "JSON's keys are text")
    return _text(key, path)


def _scalar(value: Any, path: str) -> Any:
    if value is None or type(value) is bool:
        return value
    if type(value) is str:
        return _text(value, path)
    if type(value) is int:
        if not _LEAST <= value <= _MOST:
            raise NotJsonError(path, "is a number of more than 64 bits", "write it as text")
        return value
    if type(value) is float:
        if not isfinite(value):
            raise NotJsonError(path, f"is {value}, which JSON does not have", "leave it out, or write it as text")
        return value
    raise _refusal(value, path)


def _text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NotJsonError(
            path, "holds a lone surrogate, which is no text", "decode it with errors='replace'"
        ) from None
    return value


def _refusal(value: Any, path: str) -> NotJsonError:
    if (what := _MOMENTS.get(type(value))) is not None:
        return NotJsonError(path, f"is {what}, which JSON does not have", f'write it as text: "{value.isoformat()}"')
    return NotJsonError(path, f"is of type {type(value).__name__}, which JSON does not have", "pass text, or its id")
