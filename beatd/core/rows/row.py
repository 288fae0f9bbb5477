"""One row of a table of entries, or one table of a file, as whoever edits it sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from beatd.core.rows.columns import EDITABLE

DURATIONS = ("expires", "time_limit", "soft_time_limit", "grace", "overlap_timeout", "jitter")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """An entry as it is written: None where the default holds, durations and rules as text.

    ``version`` is another one after every change: the text of ``changed_at`` or, in a file, a digest of the table.
    ``next_fire_at`` to ``error`` are what a scheduler last told of a row; a file holds none of it.
    """

    name: str
    task: str
    schedule: str
    exclude: str | None = None
    timezone: str | None = None
    args: Sequence[Any] | None = None
    kwargs: Mapping[str, Any] | None = None
    queue: str | None = None
    priority: int | None = None
    headers: Mapping[str, Any] | None = None
    expires: str | None = None
    time_limit: str | None = None
    soft_time_limit: str | None = None
    enabled: bool = True
    starts_at: str | None = None
    ends_at: str | None = None
    max_runs: int | None = None
    misfire: str | None = None
    grace: str | None = None
    catch_up_limit: int | None = None
    overlap: str | None = None
    overlap_timeout: str | None = None
    pause_after_failures: int | None = None
    jitter: str | None = None
    gap: str | None = None
    fold: str | None = None
    business_days: str | None = None
    description: str | None = None
    tags: Sequence[str] | None = None
    version: str
    changed_at: datetime | None = None
    next_fire_at: datetime | None = None
    last_fire_at: datetime | None = None
    run_count: int = 0
    error: str | None = None

    def fields(self) -> dict[str, Any]:
        """Return what is given of the entry, without its name; the rest is default."""
        found = {key: value for key in EDITABLE if (value := getattr(self, key)) is not None}
        if self.enabled:
            del found["enabled"]
        return found


def placed(name: str, *, next_fire_at: datetime | None = None, last_fire_at: datetime | None = None) -> ScheduleRow:
    """Return a row that says only where it stands among others."""
    return ScheduleRow(
        name=name, task="", schedule="", version="", next_fire_at=next_fire_at, last_fire_at=last_fire_at
    )


COPIED = tuple(field.name for field in fields(ScheduleRow))[len(EDITABLE) + 1 :]
"""The fields that are not the user's."""


def differences(former: Mapping[str, Any], latter: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the fields that differ, as (former, latter); what is not given is None."""
    pairs = {key: (former.get(key), latter.get(key)) for key in EDITABLE}
    pairs["enabled"] = _switch(former), _switch(latter)
    return {key: (one, other) for key, (one, other) in pairs.items() if not same(one, other)}


def _switch(fields: Mapping[str, Any]) -> Any:
    given = fields.get("enabled")
    return True if given is None else given


def same(one: Any, other: Any) -> bool:
    """Return whether two values are one to JSON, to which true is no number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
