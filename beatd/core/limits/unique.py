"""Calls that are made once while they are unfinished: what makes two of them the same, and for how long."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any

import msgspec

from beatd.schedules.durations import parse_duration

_encode = msgspec.json.Encoder(order="deterministic").encode


def unique_key(task: str, args: Sequence[Any], kwargs: Mapping[str, Any], key: str | None) -> str:
    """Return the key of a call, the same on every host: of its task and arguments as JSON carries them, or of ``key``.

    A call with ``add(1, 2)`` is not the same as ``add(x=1, y=2)``; the order of keywords does not count.
    """
    told = [task, list(args), dict(kwargs)] if key is None else [task, key]
    return sha256(_encode(told)).hexdigest()


def unique_for(value: float | timedelta | str | None) -> int | None:
    """Return the microseconds for which a key is taken, None for a call that need not be unique. Raises ValueError."""
    return None if value is None else parse_duration(value) or None
