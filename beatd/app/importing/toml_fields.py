"""An entry as the keys of its table in a TOML file: what differs from the defaults, durations and moments as text."""

from typing import Any

from beatd.core.entry import Entry
from beatd.schedules.durations import SECOND, format_duration
from beatd.schedules.moments import iso

_DEFAULTS = Entry(name="", task="", schedule="").fields()
_ALWAYS = ("task", "schedule")
_SHOWN = ("timezone", "queue")
_DURATIONS = ("expires", "grace", "overlap_timeout", "jitter")
_LIMITS = ("time_limit", "soft_time_limit")
_MOMENTS = ("starts_at", "ends_at")


def toml_fields(entry: Entry) -> dict[str, Any]:
    """Return the fields of an entry that reads no calendars; read again they are the same entry."""
    told = {}
    for key, value in entry.fields().items():
        if key in ("name", "calendars") or (key not in (*_ALWAYS, *_SHOWN) and value == _DEFAULTS[key]):
            continue
        told[key] = _text(key, value)
    return told


def _text(key: str, value: Any) -> Any:
    if key in _DURATIONS:
        return format_duration(value)
    if key in _LIMITS:
        return format_duration(round(value * SECOND))
    return iso(value) if key in _MOMENTS else value
