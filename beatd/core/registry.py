"""The tasks this process knows, by name: the only process-wide state, filled by the decorators."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from beatd.core.limits.rate import Rate, parse_rate

HOOKS = ("before_start", "on_success", "on_retry", "on_failure", "after_return")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOptions:
    """How a task is run and retried. Durations and limits are seconds.

    ``retry_backoff`` is the first wait, doubled with each retry up to ``retry_backoff_max``; with ``retry_jitter`` the
    wait is drawn between half of that and that. ``acks`` "early" means at most once. ``serializer`` None: the app's.
    ``rate_limit`` is text ("10/s", "100/m", "1000/h"): how often it may begin, all workers of the namespace together.
    ``unique_for`` is seconds or text ("1h30m"): so long at the most, while it is unfinished, a call is not sent again.
    ``max_deliveries``: a message delivered so often and never settled is dead, unless the worker's setting is lower.
    ``reject_on_worker_lost`` false: once is too often, and the task has failed.
    The five of ``HOOKS`` are called around each run, with what Celery gives them (``worker.hooks``).
    """

    bind: bool = False
    queue: str | None = None
    priority: int | None = None
    max_retries: int | None = 3
    retry_backoff: float = 1.0
    retry_backoff_max: float = 600.0
    retry_jitter: bool = True
    autoretry_for: tuple[type[BaseException], ...] = ()
    dont_autoretry_for: tuple[type[BaseException], ...] = ()
    acks: Literal["late", "early"] = "late"
    max_deliveries: int | None = None
    reject_on_worker_lost: bool = True
    time_limit: float | None = None
    soft_time_limit: float | None = None
    ignore_result: bool = False
    serializer: str | None = None
    expires: float | None = None
    rate_limit: str | None = None
    unique_for: float | timedelta | str | None = None
    before_start: Callable[..., object] | None = None
    on_success: Callable[..., object] | None = None
    on_retry: Callable[..., object] | None = None
    on_failure: Callable[..., object] | None = None
    after_return: Callable[..., object] | None = None

    @property
    def has_hooks(self) -> bool:
        """Whether anything is to be called around a run."""
        around = self.before_start or self.after_return
        return bool(around or self.on_success or self.on_retry or self.on_failure)


@dataclass(frozen=True, slots=True)
class RegisteredTask:
    """A name, the function it stands for, and its options; ``is_async``: it is to be awaited."""

    name: str
    function: Callable[..., Any]
    options: TaskOptions = field(default_factory=TaskOptions)
    is_async: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Look at the function once, and not with each run."""
        object.__setattr__(self, "is_async", inspect.iscoroutinefunction(self.function))


@dataclass(slots=True)
class Registry:
    """Tasks by name, and the periodic entries declared in code (``Entry`` fields as keyword arguments).

    ``places`` tells for each of those entries the function and the line that declares it; ``rates`` how often the tasks
    may begin that have a ``rate_limit``.
    """

    tasks: dict[str, RegisteredTask] = field(default_factory=dict)
    periodic: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    rates: dict[str, Rate] = field(default_factory=dict)

    def add(self, task: RegisteredTask) -> None:
        """Register a task; the same name again replaces it, as a module that is reloaded does."""
        self.tasks[task.name] = task
        self.rates.pop(task.name, None)
        if task.options.rate_limit is not None:
            self.rates[task.name] = parse_rate(task.options.rate_limit)


REGISTRY = Registry()
