"""A task call becomes a message: options against the task's own, moments against the clock."""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from beatd.app.keywords import Duration, TextDuration
from beatd.app.retry_policy import RetryPolicy, patiently
from beatd.core.field_values import FieldError, queue_name
from beatd.core.identity import uuid4_of
from beatd.core.limits.unique import unique_for, unique_key
from beatd.core.message import Message
from beatd.core.protocol import RESERVED_HEADERS, build_message, encode_arguments
from beatd.core.registry import TaskOptions
from beatd.errors import CallError
from beatd.ports import Clock
from beatd.schedules.moments import to_us

_SECOND = timedelta(seconds=1)


class CallOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What ``apply_async`` may be told; None means the task's own option."""

    countdown: Duration | None = None
    eta: datetime | None = None
    expires: Duration | datetime | None = None
    queue: str | None = None
    priority: int | None = None
    retry: bool = True
    retry_policy: Mapping[str, Any] | None = None
    serializer: str | None = None
    task_id: str | None = None
    headers: Mapping[str, Any] | None = None
    time_limit: float | None = None
    soft_time_limit: float | None = None
    ignore_result: bool | None = None
    unique_for: TextDuration | None = None
    unique_key: str | None = None


NO_OPTIONS = CallOptions()


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A task by name with its arguments; ``names`` are the function's parameters where they are known."""

    task: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    names: Sequence[str] = ()


def message_of(
    call: Call, options: CallOptions, own: TaskOptions, *, queue: str, now: int, serializer: str = "json"
) -> Message:
    """Return the message of a call made at ``now``; ``queue`` and ``serializer`` are the default ones.

    Raises CallError, and NotSerializableError for arguments that the serializer cannot carry.
    """
    _check(call, options)
    ignored = own.ignore_result if options.ignore_result is None else options.ignore_result
    return build_message(
        id=options.task_id or uuid4_of(os.urandom(16)),
        task=call.task,
        args=call.args,
        kwargs=call.kwargs,
        names=call.names,
        queue=options.queue or own.queue or queue,
        priority=own.priority if options.priority is None else options.priority,
        eta=_eta(options, now),
        expires=_expires(own.expires if options.expires is None else options.expires, now),
        time_limit=options.time_limit or own.time_limit,
        soft_time_limit=options.soft_time_limit or own.soft_time_limit,
        headers=options.headers,
        serializer=options.serializer or own.serializer or serializer,
        ignore_result=ignored,
        origin=_origin(os.getpid()),
    )


@lru_cache(maxsize=1)
def _origin(pid: int) -> str:
    return f"gen{pid}@{socket.gethostname()}"


@dataclass(frozen=True, slots=True)
class Hold:
    """The key that a message is to hold, and for how many microseconds at the most."""

    key: str
    lasts: int


def hold_of(call: Call, options: CallOptions, own: TaskOptions) -> Hold | None:
    """Return what keeps the same call from being sent twice, None for one that may be. Raises CallError."""
    try:
        lasts = unique_for(own.unique_for if options.unique_for is None else options.unique_for)
    except ValueError as error:
        raise CallError(f"unique_for: {error}") from None
    key: object = options.unique_key
    if key is not None and not (isinstance(key, str) and key):
        raise CallError(f"unique_key={key!r}: give text that names what is to be there once")
    if lasts is None:
        if key is not None:
            raise CallError(f"unique_key={key!r} without unique_for: say for how long, as in unique_for='1h'")
        return None
    # Under a key of its own a call may have arguments that are no JSON.
    args, kwargs = encode_arguments(call.args, call.kwargs, call.names) if key is None else ((), {})
    return Hold(unique_key(call.task, args, kwargs, options.unique_key), lasts)


def waits_of(options: CallOptions, clock: Clock) -> Iterator[float]:
    """Return the waits, in seconds, after which a call that found no broker is tried again. Raises CallError."""
    # Read in any case: what cannot be used is refused also where it is not.
    policy = None if options.retry_policy is None else RetryPolicy.of(options.retry_policy)
    if not options.retry:
        return iter(())
    return patiently(clock, clock.elapsed()) if policy is None else policy.waits()


def _check(call: Call, options: CallOptions) -> None:
    if not isinstance(call.args, list | tuple):
        raise CallError(f"args of {call.task} must be a list or tuple, not {call.args!r}; one argument is (value,)")
    if options is not NO_OPTIONS:
        _check_options(options)


def _check_options(options: CallOptions) -> None:
    task_id: object = options.task_id
    try:
        if options.queue is not None:
            queue_name("queue", options.queue)
    except FieldError as error:
        raise CallError(str(error)) from None
    _check_retry(options)
    if options.priority is not None and (isinstance(options.priority, bool) or options.priority not in range(10)):
        raise CallError(f"priority={options.priority!r}: give 0 to 9, higher is sooner")
    if task_id is not None and not (isinstance(task_id, str) and task_id.strip()):
        raise CallError(f"task_id={task_id!r}: give text, such as str(uuid.uuid4())")
    if taken := sorted(RESERVED_HEADERS.intersection(options.headers or ())):
        raise CallError(f"headers={{{taken[0]!r}: …}}: the message sets that header itself; choose another name")
    for name in ("time_limit", "soft_time_limit"):
        limit = getattr(options, name)
        if limit is not None and not limit > 0:
            raise CallError(f"{name}={limit!r}: give seconds above 0")


def _check_retry(options: CallOptions) -> None:
    policy: object = options.retry_policy
    if not isinstance(options.retry, bool):
        raise CallError(f"retry={options.retry!r}: give True or False")
    if policy is not None and not isinstance(policy, Mapping):
        raise CallError(f"retry_policy={policy!r}: give a dict such as {{'max_retries': 3, 'interval_step': 0.2}}")


def _eta(options: CallOptions, now: int) -> int | None:
    if options.countdown is not None and options.eta is not None:
        raise CallError(f"countdown={options.countdown!r} and eta={options.eta!r}: give one of them")
    if options.countdown is not None:
        return now + _microseconds("countdown", options.countdown)
    return None if options.eta is None else _moment("eta", options.eta)


def _expires(value: Duration | datetime | None, now: int) -> int | None:
    if isinstance(value, datetime):
        return _moment("expires", value)
    return None if value is None else now + _microseconds("expires", value)


def _moment(name: str, value: object) -> int:
    if not isinstance(value, datetime):
        raise CallError(f"{name}={value!r}: give an aware datetime")
    if value.tzinfo is None:
        raise CallError(f"{name}={value!r} has no time zone; give datetime(..., tzinfo=UTC) or another zone")
    return to_us(value)


def _microseconds(name: str, value: object) -> int:
    seconds = value / _SECOND if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e11:
        raise CallError(f"{name}={value!r}: give seconds from 0 up, or a timedelta")
    return round(seconds * 1_000_000)
