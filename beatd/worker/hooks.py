"""The functions that a task has called around its runs, with Celery's names and arguments."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from beatd.core.states import Outcome, State
from beatd.worker.call import Call
from beatd.worker.context import RetryAsked, TaskContext

logger = logging.getLogger("beatd.worker")


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """What a hook is told of an error: the exception, and the text of its traceback, which ``str()`` gives."""

    exception: BaseException
    traceback: str

    def __str__(self) -> str:
        return self.traceback


class Hooks:
    """Those of one run. An error in one is logged, and does not touch the outcome."""

    def __init__(self, call: Call, context: TaskContext) -> None:
        self._options = call.task.options
        self._context = context
        self._of_run = (context.request.id, context.request.args, context.request.kwargs)

    def before(self) -> None:
        """Call ``before_start(self, task_id, args, kwargs)``."""
        self._guarded(self._options.before_start, *self._of_run)

    def after(self, outcome: Outcome, value: Any, error: BaseException | None) -> None:
        """Call what fits the outcome, then ``after_return``; ``value`` is what the task returned, or ``error`` raised.

        ``on_success(self, retval, task_id, args, kwargs)``, ``on_retry`` and
        ``on_failure(self, exc, task_id, args, kwargs, einfo)``,
        ``after_return(self, status, retval, task_id, args, kwargs, einfo)``.
        """
        shown = error.cause if isinstance(error, RetryAsked) and error.cause is not None else error
        info = None if shown is None else ErrorInfo(shown, outcome.traceback or "")
        if outcome.state is State.SUCCESS:
            self._guarded(self._options.on_success, value, *self._of_run)
        elif outcome.state is State.RETRY:
            self._guarded(self._options.on_retry, shown, *self._of_run, info)
        else:
            self._guarded(self._options.on_failure, shown, *self._of_run, info)
        retval = value if shown is None else shown
        self._guarded(self._options.after_return, outcome.state.value, retval, *self._of_run, info)

    def _guarded(self, hook: Callable[..., object] | None, *args: object) -> None:
        if hook is None:
            return
        try:
            hook(self._context, *args)
        except BaseException:  # whatever it raises, SystemExit too: the task has ended as it has
            request = self._context.request
            fields = {"entry": request.entry, "task": request.task, "message_id": request.id}
            name = getattr(hook, "__qualname__", repr(hook))
            logger.exception("a hook failed", extra={"action": "hook", "hook": name, **fields})
