"""The tasks this process knows, by name: the only process-wide state, filled by the decorators."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOptions:
    """How a task is run and retried. Durations and limits are seconds.

    ``retry_backoff`` is the first wait, doubled with each retry up to ``retry_backoff_max``; with ``retry_jitter`` the
    wait is drawn between half of that and that. ``acks`` "early" means at most once.
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
    time_limit: float | None = None
    soft_time_limit: float | None = None
    ignore_result: bool = False
    serializer: str = "json"
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class RegisteredTask:
    """A name, the function it stands for, and its options."""

    name: str
    function: Callable[..., Any]
    options: TaskOptions = field(default_factory=TaskOptions)


@dataclass(slots=True)
class Registry:
    """Tasks by name, and the periodic entries declared in code (``Entry`` fields as keyword arguments).

    ``places`` tells for each of those entries the function and the line that declares it.
    """

    tasks: dict[str, RegisteredTask] = field(default_factory=dict)
    periodic: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def add(self, task: RegisteredTask) -> None:
        """Register a task; the same name again replaces it, as a module that is reloaded does."""
        self.tasks[task.name] = task


REGISTRY = Registry()
