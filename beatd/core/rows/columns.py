"""Rows as they are read: values in the order of columns, the same from the table and from its log."""

from collections.abc import Mapping
from typing import Any

from beatd.schedules.composition.calendars import KEYS

EDITABLE = (
    *("task", "schedule", "exclude", "timezone", "args", "kwargs", "queue", "priority", "headers", "expires"),
    *("time_limit", "soft_time_limit", "enabled", "starts_at", "ends_at", "max_runs", "misfire", "grace"),
    *("catch_up_limit", "overlap", "overlap_timeout", "pause_after_failures", "jitter", "gap", "fold"),
    *("business_days", "description", "tags"),
)
"""The columns that make a definition, beside namespace and name."""

JSON = frozenset({"args", "kwargs", "headers", "tags"})
"""Those of them that hold JSON."""

_CALL = ("args", "kwargs")
COLUMNS = (*_CALL, *(column for column in EDITABLE if column not in _CALL))
"""The same as they are read: first those of the call, which no two rows need have in common."""

CALL = len(_CALL)
"""How many of them are the call's."""

CALENDAR = tuple(key for key in KEYS if key != "description")
"""The columns of a calendar, but for what is for people only."""

DEFINE_ROW = "add a row {!r} to beatd_calendars"
"""How a calendar that a row names is defined."""

LARGEST = 1 << 20
"""The most characters that a column may hold; what is behind the next one is not even read."""

Raw = tuple[Any, ...]
"""The values of ``COLUMNS``: text, integers, None; JSON as text, true and false as 1 and 0."""

Document = tuple[str | None, ...]
"""The values of ``CALENDAR``."""

Documents = tuple[tuple[str, Document | None], ...]
"""The calendars that a row names, by name, None for one that is not there."""


def raw_row(members: Mapping[str, Any]) -> Raw:
    """Return the row that the log holds as an object."""
    return tuple(map(members.get, COLUMNS))


def raw_calendar(members: Mapping[str, Any]) -> Document:
    """Return the calendar that the log holds as an object."""
    return tuple([cut(members.get(column)) for column in CALENDAR])


def cut(value: Any) -> Any:
    """Return a value as it is read from a table: of a long text only the beginning."""
    return value[: LARGEST + 1] if isinstance(value, str) else value
