"""What a bound task is given when it is called directly, without a message."""

from collections.abc import Mapping, Sequence
from typing import Any

from beatd.clock import SystemClock
from beatd.core.registry import RegisteredTask
from beatd.worker.context import TaskContext, TaskRequest


def direct_context(task: RegisteredTask, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskContext:
    """Return the context of a plain call: no id, no retries so far."""
    request = TaskRequest(
        id="",
        task=task.name,
        args=tuple(args),
        kwargs=kwargs,
        retries=0,
        eta=None,
        expires=None,
        headers={},
        delivery_info={},
    )
    return TaskContext(request=request, max_retries=task.options.max_retries, now=SystemClock().now)
