"""Run one delivery under middleware and its soft time limit, and say what came of it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from random import random
from typing import Any

from msgspec.structs import replace

from beatd.core.ending import lost
from beatd.core.message import Delivery
from beatd.core.protocol import JSON_ONLY, encode_result
from beatd.core.registry import Registry
from beatd.core.states import Outcome, State, Verdict
from beatd.errors import NotRegisteredError, NotSerializableError
from beatd.middleware.base import Middleware
from beatd.ports import Clock
from beatd.processes.output import finish_lines
from beatd.processes.running import running
from beatd.worker.call import Call, misfit, read_call
from beatd.worker.context import TaskContext, context_of, retries_of
from beatd.worker.guard import Guard
from beatd.worker.hooks import Hooks
from beatd.worker.outcome import Run, failed, raised, started, succeeded, unreadable
from beatd.worker.soft_limit import AsyncSoftLimit, soft_limit

logger = logging.getLogger("beatd.worker")


class Runner:
    """Runs deliveries one after the other in the thread that asks."""

    def __init__(
        self,
        registry: Registry,
        middleware: Sequence[Middleware],
        clock: Clock,
        *,
        worker: str,
        draw: Callable[[], float] = random,
        accept: Sequence[str] = JSON_ONLY,
        guard: Guard | None = None,
    ) -> None:
        self._registry = registry
        self._middleware = middleware
        self._clock = clock
        self._worker = worker
        self._draw = draw
        self._accept = accept
        self._guard = guard

    def read(self, delivery: Delivery) -> Call | Outcome:
        """Return what is to be run, or the outcome of a message that can never be: it goes to the dead letters."""
        try:
            call = read_call(delivery, self._registry, self._accept)
            return self._given_up(call) or call
        except (NotRegisteredError, ValueError) as error:
            now = self._clock.now()
            run = Run(worker=self._worker, started_at=now, finished_at=now)
            # No code of the user's has run: there is no frame that could tell more than the text.
            outcome = failed(run, error.with_traceback(None), verdict=Verdict.DEAD)
            self._tell(delivery, outcome)
            return outcome

    def _given_up(self, call: Call) -> Outcome | None:
        """Return the outcome of a message whose processes were lost more often than its task allows."""
        options, delivery = call.task.options, call.delivery
        if delivery.deliveries == 1:
            return None
        before = lost(delivery.deliveries - 1)
        if not options.reject_on_worker_lost:
            before = replace(before, verdict=Verdict.DONE)
        elif options.max_deliveries is None or delivery.deliveries <= options.max_deliveries:
            return None
        self._tell(delivery, before)
        return before

    def started(self, started_at: int) -> Outcome:
        """Return what to settle before a run that may happen once at most."""
        return started(Run(worker=self._worker, started_at=started_at, finished_at=started_at))

    def run(self, call: Call, started_at: int) -> Outcome:
        """Run the task and return its outcome, whatever it raises; ``started_at`` in microseconds."""
        with running(_fields(call.delivery)):
            outcome = self._run(call, started_at)
            finish_lines()
        self._stay_alone(None)
        if self._guard is not None:
            self._guard.check()
        return outcome

    def _run(self, call: Call, started_at: int) -> Outcome:
        for each in self._middleware:
            self._guarded(each.before_run, call.delivery, started_at)
        outcome = self._hooked(call, started_at) if call.task.options.has_hooks else self._attempt(call, started_at)[0]
        self._tell(call.delivery, outcome)
        return outcome

    def _hooked(self, call: Call, started_at: int) -> Outcome:
        hooks = Hooks(call, self._context(call))
        hooks.before()
        outcome, value, error = self._attempt(call, started_at)
        hooks.after(outcome, value, error)
        self._stay_alone(None)
        return outcome

    def _attempt(self, call: Call, started_at: int) -> tuple[Outcome, Any, BaseException | None]:
        """Return what came of it, with what the task returned or raised."""
        try:
            value = self._value(call)
            self._stay_alone(None)
        except BaseException as error:  # noqa: BLE001  SystemExit, KeyboardInterrupt: a task's way to fail like others
            self._stay_alone(error)
            outcome, shown = self._raised(call, self._ended(call, started_at), error)
            return outcome, None, shown
        run = self._ended(call, started_at)
        if not call.keep:
            return succeeded(run, None), value, None
        try:
            return succeeded(run, encode_result(value)), value, None
        except NotSerializableError as error:
            return failed(run, error.with_traceback(None)), value, error
        except BaseException as error:  # noqa: BLE001  the methods of what it returned may raise anything
            unread = unreadable("returned", value, error)
            return failed(run, unread), value, unread

    def _raised(self, call: Call, run: Run, error: BaseException) -> tuple[Outcome, BaseException]:
        """Return what came of a run that raised, and the error to show for it."""
        try:
            # The frames of this module are of no use to who reads the traceback.
            inner = error.__traceback__.tb_next if error.__traceback__ else None
            inner = inner.tb_next if inner else None
            shown = (misfit(call, error) if inner is None else error).with_traceback(inner)
            return raised(run, call.task.options, shown), shown
        except BaseException as odd:  # noqa: BLE001  the error is the user's, and its methods may raise anything
            unread = unreadable("raised", error, odd)
            return failed(run, unread), unread

    def _stay_alone(self, error: BaseException | None) -> None:
        if self._guard is not None:
            self._guard.leave_if_forked(error)

    def _value(self, call: Call) -> Any:
        function, args = call.task.function, call.args
        if call.task.options.bind:
            args = [self._context(call), *args]
        if call.task.is_async:
            return asyncio.run(_awaited(function(*args, **call.kwargs), call.soft_time_limit))
        if call.soft_time_limit is None:
            return function(*args, **call.kwargs)
        with soft_limit(call.soft_time_limit):
            return function(*args, **call.kwargs)

    def _context(self, call: Call) -> TaskContext:
        return context_of(call, self._clock.now)

    def _ended(self, call: Call, started_at: int) -> Run:
        return Run(
            worker=self._worker,
            started_at=started_at,
            finished_at=self._clock.now(),
            retries=retries_of(call.delivery),
            # That it began was stored before an early one: its end has to be written over that.
            keep=call.keep or call.task.options.acks == "early",
            draw=self._draw(),
        )

    def _tell(self, delivery: Delivery, outcome: Outcome) -> None:
        for each in self._middleware:
            if outcome.state is State.RETRY:
                self._guarded(each.on_retry, delivery, outcome)
            elif outcome.state is State.FAILURE:
                self._guarded(each.on_failure, delivery, outcome)
            self._guarded(each.after_run, delivery, outcome)

    def _guarded(self, hook: Callable[..., None], *args: object) -> None:
        try:
            hook(*args)
        except BaseException:  # a hook is anyone's code, SystemExit too, and the outcome stands
            logger.exception("middleware failed", extra={"action": "middleware", "hook": hook.__qualname__})


def _fields(delivery: Delivery) -> dict[str, object]:
    message = delivery.message
    fields: dict[str, object] = {"task": message.task, "message_id": message.id, "attempt": delivery.attempt}
    return fields if message.entry is None else {"entry": message.entry, **fields}


async def _awaited(coroutine: Coroutine[Any, Any, Any], seconds: float | None) -> Any:
    return await (coroutine if seconds is None else AsyncSoftLimit(coroutine, seconds))
