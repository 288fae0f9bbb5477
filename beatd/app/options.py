"""The options of a task, checked where they are declared: in a worker it would be too late."""

from collections.abc import Mapping
from typing import Any

from beatd.core.registry import TaskOptions
from beatd.errors import CallError

_ERRORS = ("autoretry_for", "dont_autoretry_for")


def task_options(task: str, given: Mapping[str, Any]) -> TaskOptions:
    """Return the options of this task. Raises CallError."""
    options = TaskOptions(**{**given, **{name: _classes(given[name]) for name in _ERRORS if name in given}})
    problem = _choice(options) or _retries(options) or _limits(options)
    if problem is not None:
        raise CallError(f"@task {task}: {problem}")
    return options


def _classes(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _choice(options: TaskOptions) -> str | None:
    if options.acks not in ("late", "early"):
        return f"acks={options.acks!r}: give 'late' or 'early'"
    if options.serializer != "json":
        return f"serializer={options.serializer!r} is not in this version: use 'json'"
    if options.priority is not None and options.priority not in range(10):
        return f"priority={options.priority!r}: give 0 to 9, higher is sooner"
    return None


def _retries(options: TaskOptions) -> str | None:
    if options.max_retries is not None and not _is_number(options.max_retries, least=0, kind=int):
        return f"max_retries={options.max_retries!r}: give a whole number, or None for no limit"
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


def _is_number(value: Any, *, least: float, kind: type = object) -> bool:
    return isinstance(value, int | float) and isinstance(value, kind) and value >= least
