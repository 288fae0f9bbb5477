"""What a task declared with ``bind=True`` is given about its own run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from beatd.core.message import Delivery
from beatd.core.registry import RegisteredTask
from beatd.errors import MaxRetriesExceededError, Retry
from beatd.schedules.moments import from_us, to_us

SECOND = 1_000_000


class RetryAsked(Retry):
    """A retry that ``TaskContext.retry`` has counted already; ``cause`` is the error behind it."""

    def __init__(self, reason: str, *, countdown: float | None, cause: BaseException | None) -> None:
        super().__init__(reason, countdown=countdown)
        self.cause = cause


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """The message that is being run; moments are aware UTC datetimes, ``retries`` counts those so far."""

    id: str
    task: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    retries: int
    eta: datetime | None
    expires: datetime | None
    headers: Mapping[str, Any]
    delivery_info: Mapping[str, Any]
    hostname: str = ""
    entry: str | None = None
    fire_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskContext:
    """The first argument of a bound task: its request, and how to ask for another run."""

    request: TaskRequest
    max_retries: int | None
    now: Callable[[], int] = field(repr=False)

    def retry(
        self,
        exc: BaseException | None = None,
        countdown: float | None = None,
        eta: datetime | None = None,
        max_retries: int | None = None,
    ) -> NoReturn:
        """End this run and ask for another, after ``countdown`` seconds, at ``eta``, or after the task's own back-off.

        Where no retry is left it raises ``exc``, else MaxRetriesExceededError. ``raise self.retry(...)`` reads well.
        """
        most = self.max_retries if max_retries is None else max_retries
        if most is not None and self.request.retries >= most:
            if exc is not None:
                raise exc
            raise MaxRetriesExceededError(f"{self.request.task} has used all its retries ({most})")
        if eta is not None:
            countdown = max(0.0, (to_us(eta) - self.now()) / SECOND)
        reason = "" if exc is None else f"{type(exc).__name__}: {exc}"
        raise RetryAsked(reason, countdown=countdown, cause=exc)


def context_of(
    delivery: Delivery, task: RegisteredTask, args: list[Any], kwargs: dict[str, Any], now: Callable[[], int]
) -> TaskContext:
    """Return the context for one run."""
    message = delivery.message
    request = TaskRequest(
        id=message.id,
        task=message.task,
        args=tuple(args),
        kwargs=kwargs,
        retries=retries_of(delivery),
        eta=from_us(message.due) if message.headers.get("eta") else None,
        expires=None if message.expires is None else from_us(message.expires),
        headers=message.headers,
        delivery_info={
            "queue": message.queue,
            "routing_key": message.queue,
            "priority": message.priority,
            "redelivered": delivery.attempt > 1 + retries_of(delivery),
            "attempt": delivery.attempt,
        },
        hostname=delivery.owner,
        entry=message.entry,
        fire_time=None if message.fire_time is None else from_us(message.fire_time),
    )
    return TaskContext(request=request, max_retries=task.options.max_retries, now=now)


def retries_of(delivery: Delivery) -> int:
    """Return how often the message was retried already; a header that is no number counts as none."""
    retries = delivery.message.headers.get("retries")
    return retries if isinstance(retries, int) and retries > 0 else 0
