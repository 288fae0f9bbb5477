"""A delivery made ready to run: the task it names, its arguments, its limits."""

import difflib
from dataclasses import dataclass
from typing import Any

from beatd.core.message import Delivery
from beatd.core.protocol import decode_body
from beatd.core.registry import RegisteredTask, Registry
from beatd.errors import NotRegisteredError


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is to be run; limits in seconds, None for none."""

    delivery: Delivery
    task: RegisteredTask
    args: list[Any]
    kwargs: dict[str, Any]
    time_limit: float | None
    soft_time_limit: float | None
    keep: bool


def read_call(delivery: Delivery, registry: Registry) -> Call:
    """Return the call that a delivery asks for. Raises NotRegisteredError, and ValueError for a body that is none."""
    message = delivery.message
    task = registry.tasks.get(message.task)
    if task is None:
        raise NotRegisteredError(message.task, _hint(message.task, registry))
    args, kwargs, embed = decode_body(message)
    _check_links(embed)
    hard, soft = _limits(message.headers.get("timelimit"))
    options = task.options
    return Call(
        delivery=delivery,
        task=task,
        args=args,
        kwargs=kwargs,
        time_limit=options.time_limit if hard is None else hard,
        soft_time_limit=options.soft_time_limit if soft is None else soft,
        keep=not (options.ignore_result or message.headers.get("ignore_result") is True),
    )


def _check_links(embed: dict[str, Any]) -> None:
    """Raise ValueError for a message that others are to follow: to run it alone would lose them in silence."""
    links = [name for name in ("chain", "chord", "callbacks", "errbacks") if embed.get(name)]
    if links:
        raise ValueError(f"its {', '.join(links)} to follow are not in this version; call those tasks from the task")


def _limits(header: object) -> tuple[float | None, float | None]:
    """Read ``[hard, soft]``; what other clients put there that is no number counts as none."""
    if not isinstance(header, list | tuple) or len(header) != 2:
        return None, None
    hard, soft = (value if isinstance(value, int | float) and value > 0 else None for value in header)
    return hard, soft


def _hint(name: str, registry: Registry) -> str:
    near = difflib.get_close_matches(name, registry.tasks, n=3, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(repr(each) for each in near) + "?"
    return "is its module imported by the worker (-A, or `app` in [beatd])?"
