"""A task call becomes a message: options against the task's own, moments against the clock."""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from beatd.app.keywords import Duration
from beatd.core.message import Message
from beatd.core.protocol import RESERVED_HEADERS, build_message, check_arguments
from beatd.core.registry import TaskOptions
from beatd.errors import CallError
from beatd.schedules.moments import to_us

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """What ``apply_async`` may be told; None means the task's own option."""

    countdown: Duration | None = None
    eta: datetime | None = None
    expires: Duration | datetime | None = None
    queue: str | None = None
    priority: int | None = None
    retry: bool = True
    serializer: str | None = None
    task_id: str | None = None
    headers: Mapping[str, Any] | None = None
    time_limit: float | None = None
    soft_time_limit: float | None = None
    ignore_result: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A task by name with its arguments; ``names`` are the function's parameters where they are known."""

    task: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    names: Sequence[str] = ()


def message_of(call: Call, options: CallOptions, own: TaskOptions, *, queue: str, now: int) -> Message:
    """Return the message of a call made at ``now``; ``queue`` is the default one. Raises CallError."""
    _check(call, options)
    check_arguments(call.args, call.kwargs, call.names)
    ignored = own.ignore_result if options.ignore_result is None else options.ignore_result
    return build_message(
        id=options.task_id or str(uuid4()),
        task=call.task,
        args=call.args,
        kwargs=call.kwargs,
        queue=options.queue or own.queue or queue,
        priority=own.priority if options.priority is None else options.priority,
        eta=_eta(options, now),
        expires=_expires(own.expires if options.expires is None else options.expires, now),
        time_limit=options.time_limit or own.time_limit,
        soft_time_limit=options.soft_time_limit or own.soft_time_limit,
        headers=options.headers,
        serializer=options.serializer or own.serializer,
        ignore_result=ignored,
        origin=f"gen{os.getpid()}@{socket.gethostname()}",
    )


def _check(call: Call, options: CallOptions) -> None:
    task_id: object = options.task_id
    if not isinstance(call.args, list | tuple):
        raise CallError(f"args of {call.task} must be a list or tuple, not {call.args!r}; one argument is (value,)")
    queue: object = options.queue
    if queue is not None and not (isinstance(queue, str) and queue.strip() and queue.isprintable()):
        raise CallError(f"queue={queue!r}: give the name of a queue as text")
    if not isinstance(options.retry, bool):
        raise CallError(f"retry={options.retry!r}: give True or False")
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
