"""The options of a task, checked where they are declared: in a worker it would be too late."""

from collections.abc import Mapping
from inspect import iscoroutinefunction
from typing import Any

from beatd.core.field_values import FieldError, queue_name
from beatd.core.limits.rate import parse_rate
from beatd.core.limits.unique import unique_for
from beatd.core.registry import HOOKS, TaskOptions
from beatd.errors import CallError

_ERRORS = ("autoretry_for", "dont_autoretry_for")


def task_options(task: str, given: Mapping[str, Any]) -> TaskOptions:
    """Return the options of this task. Raises CallError."""
    options = TaskOptions(**{**given, **{name: _classes(given[name]) for name in _ERRORS if name in given}})
    for check in (_queue, _choice, _retries, _limits, _holds, _hooks):
        problem = check(options)
        if problem is not None:
            raise CallError(f"@task {task}: {problem}")
    return options


def _classes(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _queue(options: TaskOptions) -> str | None:
    try:
        if options.queue is not None:
            queue_name("queue", options.queue)
    except FieldError as error:
        return str(error)
    return None


def _choice(options: TaskOptions) -> str | None:
    if options.acks not in ("late", "early"):
        return f"acks={options.acks!r}: give 'late' or 'early'"
    # Its name is looked up when a call is sent: the user's own may be registered after this line.
    serializer: object = options.serializer
    if serializer is not None and not (isinstance(serializer, str) and serializer):
        return f"serializer={serializer!r}: give the name of a serializer, such as 'json'"
    again: object = options.reject_on_worker_lost
    if not isinstance(again, bool):
        return f"reject_on_worker_lost={again!r}: give True or False"
    if options.priority is not None and options.priority not in range(10):
        return f"priority={options.priority!r}: give 0 to 9, higher is sooner"
    return None


def _retries(options: TaskOptions) -> str | None:
    if options.max_retries is not None and not _is_number(options.max_retries, least=0, kind=int):
        return f"max_retries={options.max_retries!r}: give a whole number, or None for no limit"
    if options.max_deliveries is not None and not _is_number(options.max_deliveries, least=1, kind=int):
        return f"max_deliveries={options.max_deliveries!r}: give a whole number from 1 up, or None"
    for name in ("retry_backoff", "retry_backoff_max"):
        if not _is_number(getattr(options, name), least=0):
            return f"{name}={getattr(options, name)!r}: give seconds from 0 up"
    for name in _ERRORS:
        for kind in getattr(options, name):
            if not (isinstance(kind, type) and issubclass(kind, BaseException)):
                return f"{name} names {kind!r}: give exception classes"
    return None


def _limits(options: TaskOptions) -> str | None:
    hard, soft = options.time_limit, options.soft_time_limit
    if any(limit is not None and not (_is_number(limit, least=0) and limit) for limit in (hard, soft)):
        return f"time limits are seconds above 0, not {hard!r} and {soft!r}"
    if hard is not None and soft is not None and soft >= hard:
        return f"soft_time_limit={soft!r} must be below time_limit={hard!r}"
    return None


def _holds(options: TaskOptions) -> str | None:
    for name, read in (("rate_limit", parse_rate), ("unique_for", unique_for)):
        value = getattr(options, name)
        try:
            if value is not None:
                read(value)
        except ValueError as error:
            return f"{name}: {error}"
    return None


def _hooks(options: TaskOptions) -> str | None:
    for name in HOOKS:
        hook: object = getattr(options, name)
        if hook is not None and (not callable(hook) or iscoroutinefunction(hook)):
            return f"{name}={hook!r}: give a plain function"
    return None


def _is_number(value: Any, *, least: float, kind: type = object) -> bool:
    return isinstance(value, int | float) and isinstance(value, kind) and value >= least
