"""Run one delivery under middleware and its soft time limit, and say what came of it."""

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine, Sequence
from random import random
from typing import Any

from beatd.core.message import Delivery
from beatd.core.protocol import encode_result
from beatd.core.registry import Registry
from beatd.core.states import Outcome, State, Verdict
from beatd.errors import NotRegisteredError, NotSerializableError, SoftTimeLimitExceeded
from beatd.middleware.base import Middleware
from beatd.ports import Clock
from beatd.worker.call import Call, read_call
from beatd.worker.context import context_of, retries_of
from beatd.worker.outcome import Run, failed, raised, started, succeeded
from beatd.worker.soft_limit import SoftLimit

logger = logging.getLogger("beatd.worker")


class Runner:
    """Runs deliveries one after the other in this process's main thread."""

    def __init__(
        self,
        registry: Registry,
        middleware: Sequence[Middleware],
        clock: Clock,
        *,
        worker: str,
        draw: Callable[[], float] = random,
    ) -> None:
        self._registry = registry
        self._middleware = middleware
        self._clock = clock
        self._worker = worker
        self._draw = draw

    def read(self, delivery: Delivery) -> Call | Outcome:
        """Return what is to be run, or the outcome of a message that can never be: it goes to the dead letters."""
        try:
            return read_call(delivery, self._registry)
        except (NotRegisteredError, ValueError) as error:
            now = self._clock.now()
            run = Run(worker=self._worker, started_at=now, finished_at=now)
            # No code of the user's has run: there is no frame that could tell more than the text.
            outcome = failed(run, error.with_traceback(None), verdict=Verdict.DEAD)
            self._tell(delivery, outcome)
            return outcome

    def started(self, started_at: int) -> Outcome:
        """Return what to settle before a run that may happen once at most."""
        return started(Run(worker=self._worker, started_at=started_at, finished_at=started_at))

    def run(self, call: Call, started_at: int) -> Outcome:
        """Run the task and return its outcome, whatever it raises; ``started_at`` in microseconds."""
        for each in self._middleware:
            self._guarded(each.before_run, call.delivery, started_at)
        outcome = self._attempt(call, started_at)
        self._tell(call.delivery, outcome)
        return outcome

    def _attempt(self, call: Call, started_at: int) -> Outcome:
        try:
            value = self._value(call)
        except BaseException as error:  # noqa: BLE001  SystemExit, KeyboardInterrupt: a task's way to fail like others
            # The frames of this module are of no use to who reads the traceback.
            inner = error.__traceback__.tb_next if error.__traceback__ else None
            inner = inner.tb_next if inner else None
            return raised(self._ended(call, started_at), call.task.options, error.with_traceback(inner))
        run = self._ended(call, started_at)
        if not call.keep:
            return succeeded(run, None)
        try:
            return succeeded(run, encode_result(value))
        except NotSerializableError as error:
            return failed(run, error.with_traceback(None))

    def _value(self, call: Call) -> Any:
        function, args = call.task.function, call.args
        if call.task.options.bind:
            args = [context_of(call.delivery, call.task, args, call.kwargs, self._clock.now), *args]
        if inspect.iscoroutinefunction(function):
            return asyncio.run(_limited(function(*args, **call.kwargs), call.soft_time_limit))
        with SoftLimit(call.soft_time_limit):
            return function(*args, **call.kwargs)

    def _ended(self, call: Call, started_at: int) -> Run:
        return Run(
            worker=self._worker,
            started_at=started_at,
            finished_at=self._clock.now(),
            retries=retries_of(call.delivery),
            keep=call.keep,
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
        except Exception:  # a hook is anyone's code, and the outcome stands
            logger.exception("middleware failed", extra={"action": "middleware", "hook": hook.__qualname__})


async def _limited(coroutine: Coroutine[Any, Any, Any], seconds: float | None) -> Any:
    """Await a task under its soft limit, which cancels it: an exception out of a signal could hit the loop itself."""
    try:
        async with asyncio.timeout(seconds) as limit:
            return await coroutine
    except TimeoutError:
        if not limit.expired():
            raise
        raise SoftTimeLimitExceeded(f"soft time limit of {seconds:g} s exceeded") from None
