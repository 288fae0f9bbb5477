"""The keys of ``[beatd]``: how each one's value is read."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beatd.config.bounds import MOST_CHILDREN
from beatd.config.sizes import size
from beatd.core.field_values import (
    LATER,
    FieldError,
    choice,
    duration,
    none_yet,
    printable,
    queue_name,
    shown,
    text,
    whole,
    zone,
)
from beatd.core.limits.shares import parse_queues

_NUMBER = re.compile(r" *\d{1,9} *")
_NAMESPACE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_OTHER_POOLS = {
    "gevent": "use 'threads', which need no patched libraries",
    "eventlet": "use 'threads', which need no patched libraries",
    "asyncio": "use 'threads', which run `async def` tasks, too",
    "processes": "use 'prefork'",
}


@dataclass(frozen=True, slots=True)
class Key:
    """How to read one setting, from its value in TOML or its text elsewhere; ``many``: a list, or one of its items.

    ``check`` raises ValueError for a list whose items do not go together.
    """

    decode: Callable[[str, Any], Any]
    many: bool = False
    number: bool = False
    check: Callable[[tuple[Any, ...]], object] | None = None

    def read(self, key: str, value: Any) -> Any:
        """Return the typed value. Raises FieldError."""
        if not self.many:
            return self.decode(key, value)
        items = value if isinstance(value, list | tuple) else [value]
        found = tuple(self.decode(key, item) for item in items)
        try:
            if self.check is not None:
                self.check(found)
        except ValueError as error:
            raise FieldError(key, str(error)) from None
        return found

    def from_text(self, value: str) -> Any:
        """Return what an environment variable's text stands for in TOML."""
        if self.many:
            return [item.strip() for item in value.split(",") if item.strip()]
        return int(value) if self.number and re.fullmatch(r"-?\d{1,18}", value.strip()) else value


def _words(*known: str) -> Callable[[str, Any], str]:
    """Return a decoder of one of some words, in any case."""
    among = choice(*known)
    return lambda key, value: among(key, value.lower() if isinstance(value, str) else value)


def _bounds(key: str, value: Any) -> tuple[int, int]:
    """Read the fewest and the most children: ``2,8``, or a list of the two numbers."""
    parts = value.split(",") if isinstance(value, str) else value
    found = [
        int(part) for part in map(str, parts if isinstance(parts, list | tuple) else ()) if _NUMBER.fullmatch(part)
    ]
    if len(found) != 2 or len(parts) != 2:
        raise FieldError(key, f"must be two whole numbers, MIN,MAX, got {shown(value)}", 'write one such as "2,8"')
    least, most = found
    if least > most:
        raise FieldError(key, f"the smaller number comes first, got {shown(value)}", f'write "{most},{least}"')
    if least < 1 or most > MOST_CHILDREN:
        reason = f"must lie between 1 and {MOST_CHILDREN} children, got {shown(value)}"
        raise FieldError(key, reason, "one child at least has to stay")
    return least, most


def _pool(key: str, value: Any) -> str:
    word = value.lower() if isinstance(value, str) else value
    if word in _OTHER_POOLS:
        raise FieldError(key, f"{shown(value)} is {LATER}", _OTHER_POOLS[word])
    return choice("prefork", "threads", "solo")(key, word)


def _check_queues(texts: Sequence[str]) -> None:
    if not texts:
        raise ValueError("names no queue; leave it out, or name one such as mails")
    parse_queues(texts)


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
    "queue": Key(queue_name),
    "queues": Key(queue_name, many=True, check=_check_queues),
    "workers": Key(whole(1, MOST_CHILDREN), number=True),
    "max_tasks_per_child": Key(whole(1), number=True),
    "max_memory_per_child": Key(size),
    "autoscale": Key(_bounds),
    "consumers": Key(_words("beatd", "celery")),
    "pool": Key(_pool),
    "max_deliveries": Key(whole(1), number=True),
    "drain_timeout": Key(duration(0)),
    "late_after": Key(duration(1)),
    "catch_up_rate": Key(whole(1), number=True),
    "max_clock_skew": Key(duration(1)),
    "history": Key(_words("all", "exceptions", "none")),
    "history_keep": Key(duration(1)),
    "history_max": Key(whole(0), number=True),
    "result_expires": Key(duration(1)),
    "accept": Key(printable(200), many=True),
    "allow_shell": Key(_filled, many=True),
    "allow_http": Key(_filled, many=True),
    "log_level": Key(_words("debug", "info", "warning", "error", "critical")),
    "log_format": Key(_words("auto", "text", "logfmt", "json")),
    "dedup": Key(none_yet),
    "dedup_window": Key(none_yet),
}
PROCESS_KEYS: Mapping[str, Key] = {"app_dir": Key(_filled)}
"""Settings of one process: given on its command line or in its environment, not in a file."""
