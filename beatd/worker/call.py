"""A delivery made ready to run: the task it names, its arguments, its limits."""

import difflib
import inspect
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from beatd.core.message import Delivery
from beatd.core.protocol import JSON_ONLY, decode_body
from beatd.core.registry import RegisteredTask, Registry
from beatd.errors import NotRegisteredError

_NO_LIMITS: Final = [None, None]
"""What nearly every message says."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be run; limits in seconds, None for none."""

    delivery: Delivery
    task: RegisteredTask
    args: list[Any]
    kwargs: dict[str, Any]
    time_limit: float | None
    soft_time_limit: float | None
    keep: bool


def read_call(delivery: Delivery, registry: Registry, accept: Sequence[str] = JSON_ONLY) -> Call:
    """Return the call that a delivery asks for. Raises NotRegisteredError, and ValueError for a body that is none.

    ``accept``: the serializers whose bodies are read.
    """
    message = delivery.message
    task = registry.tasks.get(message.task)
    if task is None:
        raise NotRegisteredError(message.task, _hint(message.task, registry))
    args, kwargs, embed = decode_body(message, accept)
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


def misfit(call: Call, error: BaseException) -> BaseException:
    """Return what was raised before the task's function began; where the arguments do not fit, with those it takes."""
    signature = _signature(call.task) if type(error) is TypeError else None
    if signature is None:
        return error
    try:
        signature.bind(*call.args, **call.kwargs)
    except TypeError:
        return TypeError(f"{error}; it takes {signature}")
    return error


def _signature(task: RegisteredTask) -> inspect.Signature | None:
    try:
        whole = inspect.signature(task.function)
    except (TypeError, ValueError):
        return None
    # The first parameter of a bound task is not the caller's to give.
    return inspect.Signature(list(whole.parameters.values())[1 if task.options.bind else 0 :])


def _check_links(embed: dict[str, Any]) -> None:
    """Raise ValueError for a message that others are to follow: to run it alone would lose them in silence."""
    if not any(embed.values()):
        return
    links = [name for name in ("chain", "chord", "callbacks", "errbacks") if embed.get(name)]
    if links:
        raise ValueError(f"its {', '.join(links)} to follow are not in this version; call those tasks from the task")


def _limits(header: object) -> tuple[float | None, float | None]:
    """Read ``[hard, soft]``; what other clients put there that is no number counts as none."""
    if header == _NO_LIMITS or not isinstance(header, (list, tuple)) or len(header) != 2:
        return None, None
    hard, soft = (value if isinstance(value, int | float) and value > 0 else None for value in header)
    return hard, soft


def _hint(name: str, registry: Registry) -> str:
    near = difflib.get_close_matches(name, registry.tasks, n=3, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(repr(each) for each in near) + "?"
    return "is its module imported by the worker (-A, or `app` in [beatd])?"
