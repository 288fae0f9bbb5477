"""What entries have in common: everything but their names and arguments, one object for all that are alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec

from beatd.schedules.terms import BusinessDays

SECOND = 1_000_000
DAY = 86_400 * SECOND

SHARED = 16_384
"""How many different plans are remembered, so that entries on them share what comes of them."""


class Misfire(StrEnum):
    """What late fires do: the newest one, each, or none."""

    LATEST = "latest"
    ALL = "all"
    SKIP = "skip"


class Overlap(StrEnum):
    """What a fire does while the entry's former message has not ended."""

    ALLOW = "allow"
    SKIP = "skip"
    QUEUE_ONE = "queue_one"
    CANCEL_PREVIOUS = "cancel_previous"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """An entry but for its name, args and kwargs. Durations and moments are integer microseconds; limits are seconds.

    ``schedule`` and ``exclude`` are canonical text; ``calendars`` holds the documents of the calendars that ``exclude``
    names. Shared, so nothing in it may be changed; made by ``plan_of``, which gives equal ones as one object.
    """

    task: str
    schedule: str
    exclude: str | None = None
    calendars: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    timezone: str = "UTC"
    queue: str = "celery"
    priority: int | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
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
    overlap: Overlap = Overlap.ALLOW
    overlap_timeout: int = DAY
    pause_after_failures: int = 0
    jitter: int = 0
    gap: str | None = None
    fold: str | None = None
    business_days: BusinessDays | None = None
    description: str | None = None
    tags: Sequence[str] = field(default_factory=list)


_DECODER = msgspec.json.Decoder(Plan)

# Through JSON, so that a plan never holds a list or a table that whoever gave it goes on using.
_shared = lru_cache(maxsize=SHARED)(_DECODER.decode)


def plan_of(**fields: Any) -> Plan:
    """Return the plan with these fields, JSON values throughout; equal ones are one object."""
    return _shared(msgspec.json.encode(Plan(**fields)))


@lru_cache(maxsize=SHARED)
def plan_in(document: bytes) -> Plan:
    """Return the plan that a stored JSON document tells. Raises msgspec.MsgspecError where it cannot be read.

    A field that this code does not know makes it unreadable, unless it says nothing (null, [], {}): a later version of
    this program wrote it, and means something by it.
    """
    for name, value in msgspec.json.decode(document, type=dict[str, Any]).items():
        if name not in Plan.__dataclass_fields__ and value not in (None, [], {}):
            raise msgspec.ValidationError(f"it has the field {name!r}, which is not in this version")
    return _shared(msgspec.json.encode(_DECODER.decode(document)))
