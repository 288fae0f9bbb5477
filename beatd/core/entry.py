"""An entry: a named schedule plus the task call it makes, and the versions it goes through."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

SECOND = 1_000_000
DAY = 86_400 * SECOND

OWNERSHIP = (
    "schedule",
    "exclude",
    "timezone",
    "starts_at",
    "ends_at",
    "gap",
    "fold",
    "business_days",
    "enabled",
)
"""The fields whose change moves fire times from one version to the next."""


class Misfire(StrEnum):
    """What late fires do: the newest one, each, or none."""

    LATEST = "latest"
    ALL = "all"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a user defined, defaults applied. Durations and moments are integer microseconds; limits are seconds.

    ``schedule`` is canonical text. ``exclude``, ``business_days`` are None until those are built.
    """

    name: str
    task: str
    schedule: str
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    exclude: str | None = None
    timezone: str = "UTC"
    queue: str = "celery"
    priority: int | None = None
    headers: dict[str, Any] = field(default_factory=dict)
    expires: int | None = None
    time_limit: float | None = None
    soft_time_limit: float | None = None
    enabled: bool = True
    starts_at: int | None = None
    ends_at: int | None = None
    max_runs: int | None = None
    misfire: Misfire = Misfire.LATEST
    grace: int = DAY
    catch_up_limit: int = 1000
    jitter: int = 0
    gap: str | None = None
    fold: str | None = None
    business_days: str | None = None
    description: str | None = None
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One definition of a name, as a source gave it at ``changed_at`` (microseconds).

    ``entry`` None and ``error`` None: the name was removed. ``error``: the definition cannot be used, and why.
    ``unreadable``: it was written by code that knows more than this one, which leaves it alone.
    """

    name: str
    number: int
    changed_at: int
    fingerprint: int
    source: str = "file"
    entry: Entry | None = None
    error: str | None = None
    unreadable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One name as a source reads it now: an entry, or the reason why it cannot be one; ``place`` for people."""

    name: str
    place: str
    entry: Entry | None = None
    error: str | None = None
    source: str = "file"
