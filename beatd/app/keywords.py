"""The keywords that the decorators and calls take, typed; unknown ones are refused with the nearest right name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any, Literal, TypedDict

from beatd.schedules.base import Schedule

Rule = str | Schedule | timedelta
Duration = float | timedelta
Hook = Callable[..., object]
TextDuration = float | timedelta | str


class TaskKeywords(TypedDict, total=False):
    """The fields of ``TaskOptions`` but ``bind``, and the task's ``name``; durations in seconds."""

    name: str
    queue: str | None
    priority: int | None
    max_retries: int | None
    retry_backoff: float
    retry_backoff_max: float
    retry_jitter: bool
    autoretry_for: tuple[type[BaseException], ...]
    dont_autoretry_for: tuple[type[BaseException], ...]
    acks: Literal["late", "early"]
    max_deliveries: int | None
    reject_on_worker_lost: bool
    time_limit: float | None
    soft_time_limit: float | None
    ignore_result: bool
    serializer: str | None
    expires: float | None
    rate_limit: str | None
    unique_for: TextDuration | None
    before_start: Hook | None
    on_success: Hook | None
    on_retry: Hook | None
    on_failure: Hook | None
    after_return: Hook | None


class CallKeywords(TypedDict, total=False):
    """How one call is sent: durations are seconds or timedeltas, moments are aware datetimes."""

    countdown: Duration | None
    eta: datetime | None
    expires: Duration | datetime | None
    queue: str | None
    priority: int | None
    retry: bool
    retry_policy: Mapping[str, Any] | None
    serializer: str | None
    task_id: str | None
    headers: Mapping[str, Any] | None
    time_limit: float | None
    soft_time_limit: float | None
    ignore_result: bool | None
    unique_for: TextDuration | None
    unique_key: str | None


class EntryOptions(TypedDict, total=False):
    """The fields of an entry beside its name, call and schedule; durations in seconds, timedeltas or text ("1h30m")."""

    timezone: str
    exclude: Rule | Sequence[Rule]
    queue: str
    priority: int
    headers: Mapping[str, Any]
    expires: TextDuration
    time_limit: TextDuration
    soft_time_limit: TextDuration
    enabled: bool
    starts_at: datetime | str
    ends_at: datetime | str
    max_runs: int
    misfire: Literal["latest", "all", "skip"]
    grace: TextDuration
    catch_up_limit: int
    overlap: Literal["allow", "skip", "queue_one", "cancel_previous"]
    overlap_timeout: TextDuration
    jitter: TextDuration
    gap: Literal["shift", "skip"]
    fold: Literal["first", "second", "both"]
    business_days: Literal["next", "previous", "skip"]
    pause_after_failures: int
    description: str
    tags: Sequence[str]


class EntryTerms(EntryOptions, total=False):
    """The same, and the name."""

    name: str


class EntryFields(EntryOptions, total=False):
    """The fields of an entry beside its name, task and schedule."""

    args: Sequence[Any]
    kwargs: Mapping[str, Any]


class EntryChanges(TypedDict, total=False):
    """The fields of an entry that may be changed; None puts one back to its default."""

    task: str
    schedule: Rule | Sequence[Rule]
    exclude: Rule | Sequence[Rule] | None
    timezone: str | None
    args: Sequence[Any] | None
    kwargs: Mapping[str, Any] | None
    queue: str | None
    priority: int | None
    headers: Mapping[str, Any] | None
    expires: TextDuration | None
    time_limit: TextDuration | None
    soft_time_limit: TextDuration | None
    enabled: bool | None
    starts_at: datetime | str | None
    ends_at: datetime | str | None
    max_runs: int | None
    misfire: Literal["latest", "all", "skip"] | None
    grace: TextDuration | None
    catch_up_limit: int | None
    overlap: Literal["allow", "skip", "queue_one", "cancel_previous"] | None
    overlap_timeout: TextDuration | None
    pause_after_failures: int | None
    jitter: TextDuration | None
    gap: Literal["shift", "skip"] | None
    fold: Literal["first", "second", "both"] | None
    business_days: Literal["next", "previous", "skip"] | None
    description: str | None
    tags: Sequence[str] | None


class EntryKeywords(EntryTerms, EntryFields, total=False):
    """The fields of an entry beside its task and schedule."""


def check_keywords(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise TypeError for a keyword that ``what`` does not take, as a wrong signature does."""
    known = list(known)
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(sorted(known))}"
            raise TypeError(f"{what} got an unexpected keyword argument {name!r}; {remedy}")
