"""What a task declared with ``bind=True`` is given about its own run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from beatd.core.message import Delivery
from beatd.errors import CallError, MaxRetriesExceededError, Retry
from beatd.schedules.moments import from_us, to_us
from beatd.worker.call import Call

SECOND = 1_000_000


class RetryAsked(Retry):
    """A retry that ``TaskContext.retry`` has counted already; ``cause`` is the error behind it."""

    def __init__(self, reason: str, *, countdown: float | None, cause: BaseException | None) -> None:
        super().__init__(reason, countdown=countdown)
        self.cause = cause


# Users see it in results and tracebacks, under the name that they know.
RetryAsked.__name__ = RetryAsked.__qualname__ = Retry.__name__
RetryAsked.__module__ = Retry.__module__


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """The message that is being run; moments are aware UTC datetimes, ``retries`` counts those so far.

    ``timelimit``: hard and soft, in seconds. ``root_id``, ``parent_id``: as the sender has set them.
    """

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
    timelimit: tuple[float | None, float | None] = (None, None)
    root_id: str | None = None
    parent_id: str | None = None
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
        *,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> NoReturn:
        """End this run and ask for another, after ``countdown`` seconds, at ``eta``, or after the task's own back-off.

        Where no retry is left it raises ``exc``, else MaxRetriesExceededError. ``raise self.retry(...)`` reads well.
        It is the same message that runs again: raises CallError for other arguments, and for Celery's ``queue``,
        ``priority`` and so on.
        """
        self._check_same(args, kwargs, others)
        if countdown is not None and eta is not None:
            raise CallError(f"retry(countdown={countdown!r}, eta={eta!r}): give one of them")
        most = self.max_retries if max_retries is None else max_retries
        if most is not None and self.request.retries >= most:
            if exc is not None:
                raise exc
            raise MaxRetriesExceededError(f"{self.request.task} has used all its retries ({most})")
        if eta is not None:
            countdown = max(0.0, (to_us(eta) - self.now()) / SECOND)
        reason = "" if exc is None else f"{type(exc).__name__}: {exc}"
        raise RetryAsked(reason, countdown=countdown, cause=exc)

    def _check_same(
        self, args: Sequence[Any] | None, kwargs: Mapping[str, Any] | None, others: Mapping[str, Any]
    ) -> None:
        of_run = self.request
        changed = [*others]
        if args is not None and tuple(args) != of_run.args:
            changed.append("args")
        if kwargs is not None and dict(kwargs) != dict(of_run.kwargs):
            changed.append("kwargs")
        if changed:
            remedy = "a retry is the same message again; send another with apply_async, and return"
            raise CallError(f"{of_run.task}: retry({changed[0]}=...) is not in this version: {remedy}")


def context_of(call: Call, now: Callable[[], int]) -> TaskContext:
    """Return the context for one run."""
    delivery, message = call.delivery, call.delivery.message
    request = TaskRequest(
        id=message.id,
        task=message.task,
        args=tuple(call.args),
        kwargs=call.kwargs,
        retries=retries_of(delivery),
        eta=from_us(message.due) if message.headers.get("eta") else None,
        expires=None if message.expires is None else from_us(message.expires),
        headers=message.headers,
        delivery_info={
            "queue": message.queue,
            "routing_key": message.queue,
            # Not every broker keeps the difference between none and 0, which stand at the same place.
            "priority": message.priority or 0,
            "redelivered": delivery.attempt > 1 + retries_of(delivery),
            "attempt": delivery.attempt,
        },
        hostname=delivery.owner,
        timelimit=(call.time_limit, call.soft_time_limit),
        root_id=_id_in(message.headers, "root_id"),
        parent_id=_id_in(message.headers, "parent_id"),
        entry=message.entry,
        fire_time=None if message.fire_time is None else from_us(message.fire_time),
    )
    return TaskContext(request=request, max_retries=call.task.options.max_retries, now=now)


def retries_of(delivery: Delivery) -> int:
    """Return how often the message was retried already; a header that is no number counts as none."""
    retries = delivery.message.headers.get("retries")
    return retries if isinstance(retries, int) and retries > 0 else 0


def _id_in(headers: Mapping[str, Any], name: str) -> str | None:
    found = headers.get(name)
    return found if isinstance(found, str) else None
