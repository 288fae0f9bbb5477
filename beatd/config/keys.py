"""The keys of ``[beatd]``: how each one's value is read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from beatd.core.field_values import LATER, FieldError, choice, duration, none_yet, printable, shown, text, whole, zone

_NAMESPACE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Key:
    """How to read one setting, from its value in TOML or its text elsewhere; ``many``: a list, or one of its items."""

    decode: Callable[[str, Any], Any]
    many: bool = False
    number: bool = False

    def read(self, key: str, value: Any) -> Any:
        """Return the typed value. Raises FieldError."""
        if not self.many:
            return self.decode(key, value)
        items = value if isinstance(value, list | tuple) else [value]
        return tuple(self.decode(key, item) for item in items)

    def from_text(self, value: str) -> Any:
        """Return what an environment variable's text stands for in TOML."""
        if self.many:
            return [item.strip() for item in value.split(",") if item.strip()]
        return int(value) if self.number and re.fullmatch(r"-?\d{1,18}", value.strip()) else value


def _words(known: tuple[str, ...], later: tuple[str, ...] = ()) -> Callable[[str, Any], str]:
    """Return a decoder of one of some words, in any case; some are known but of a later version."""
    among = choice(*known)

    def decode(key: str, value: Any) -> str:
        word = value.lower() if isinstance(value, str) else value
        if word in later:
            raise FieldError(key, f"{shown(value)} is {LATER}", f"choose {' or '.join(map(repr, known))}")
        return among(key, word)

    return decode


def _namespace(key: str, value: Any) -> str:
    if not isinstance(value, str) or not _NAMESPACE.fullmatch(value):
        reason = f"must be 1 to 64 letters, digits, '_', '-' or '.', got {shown(value)}"
        raise FieldError(key, reason, "it is part of every key, row and id")
    return value


def _filled(key: str, value: Any) -> str:
    found = text(key, value)
    if not found.strip() or "\0" in found:
        raise FieldError(key, f"must not be empty or hold NUL, got {shown(value)}")
    return found


KEYS: Mapping[str, Key] = {
    "schedule": Key(_filled, many=True),
    "app": Key(printable(200), many=True),
    "broker": Key(_filled),
    "results": Key(_filled),
    "state": Key(_filled),
    "namespace": Key(_namespace),
    "timezone": Key(zone),
    "queue": Key(printable(200)),
    "queues": Key(printable(200), many=True),
    "workers": Key(whole(1, 1024), number=True),
    "consumers": Key(_words(("beatd", "celery"))),
    "pool": Key(_words(("prefork", "solo"), later=("threads", "gevent", "eventlet", "asyncio", "processes"))),
    "max_deliveries": Key(whole(1), number=True),
    "drain_timeout": Key(duration(0)),
    "late_after": Key(duration(1)),
    "catch_up_rate": Key(whole(1), number=True),
    "max_clock_skew": Key(duration(1)),
    "history": Key(_words(("all", "exceptions", "none"))),
    "history_keep": Key(duration(1)),
    "history_max": Key(whole(0), number=True),
    "result_expires": Key(duration(1)),
    "accept": Key(_words(("json",), later=("msgpack", "yaml", "pickle")), many=True),
    "allow_shell": Key(_filled, many=True),
    "allow_http": Key(_filled, many=True),
    "log_level": Key(_words(("debug", "info", "warning", "error", "critical"))),
    "log_format": Key(_words(("auto", "text", "logfmt", "json"))),
    "dedup": Key(none_yet),
    "dedup_window": Key(none_yet),
}
PROCESS_KEYS: Mapping[str, Key] = {"app_dir": Key(_filled)}
"""Settings of one process: given on its command line or in its environment, not in a file."""
