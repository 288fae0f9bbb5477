"""Runs what waits in the queues, in this process, as a worker's child does."""

from collections.abc import Sequence

from sqlalchemy import func, select

from beatd.app.failure import Failure
from beatd.brokerports import Stored
from beatd.config.settings import Settings
from beatd.core.message import Delivery
from beatd.core.protocol import decode_body, decode_result
from beatd.core.registry import REGISTRY
from beatd.core.states import Outcome, State
from beatd.errors import BeatdError
from beatd.middleware.base import Middleware
from beatd.ports import Clock
from beatd.schedules.moments import from_us
from beatd.sqlkit.database import Database
from beatd.sqlkit.schema import messages
from beatd.testing.ran import Ran
from beatd.wiring import Broker
from beatd.worker.runner import Runner

_OWNER = "harness"
_LEASE = 86_400_000_000
# A task that sends itself again at once would never let the clock move.
_MOST = 100_000


class TaskRuns:
    """The runs of tasks so far."""

    def __init__(
        self, settings: Settings, broker: Broker, database: Database, clock: Clock, middleware: Sequence[Middleware]
    ) -> None:
        self._namespace = settings.namespace
        self._broker = broker
        self._database = database
        self._clock = clock
        self._accept = settings.accept
        self._runner = Runner(REGISTRY, middleware, clock, worker=_OWNER, accept=settings.accept)
        self.all: list[Ran] = []

    def run_due(self) -> None:
        """Run all that may be claimed now, whatever its queue, until nothing is left."""
        for _ in range(_MOST):
            queues = list(self._broker.admin.sizes())
            found = self._broker.receiver.claim(queues, owner=_OWNER, limit=1, lease=_LEASE) if queues else []
            if not found:
                return
            self.all.append(self._run(found[0]))
        raise BeatdError(f"more than {_MOST} tasks ran at one moment; does a task send itself again at once?")

    def next_due(self) -> int | None:
        """Return the moment of the earliest message that waits for one: an eta, a countdown, a retry."""
        delayed = (messages.c.namespace == self._namespace) & (messages.c.state == "delayed")
        with self._database.read() as connection:
            found: int | None = connection.scalar(select(func.min(messages.c.due)).where(delayed))
        return found

    def _run(self, delivery: Delivery) -> Ran:
        started_at = self._clock.now()
        call = self._runner.read(delivery)
        outcome = call if isinstance(call, Outcome) else self._runner.run(call, started_at)
        self._broker.receiver.settle(delivery, outcome)
        return _told(delivery, outcome, started_at, self._accept)


def _result(delivery: Delivery, outcome: Outcome) -> object:
    if outcome.state is State.SUCCESS:
        return decode_result(outcome.result)
    return Failure.of(
        Stored(
            message_id=delivery.message.id,
            state=outcome.state,
            result=outcome.result,
            traceback=outcome.traceback,
            reason=outcome.reason,
        )
    )


def _told(delivery: Delivery, outcome: Outcome, at: int, accept: Sequence[str]) -> Ran:
    message = delivery.message
    try:
        args, kwargs, _ = decode_body(message, accept)
    except ValueError:  # a body that is none: the outcome tells
        args, kwargs = [], {}
    return Ran(
        task=message.task,
        args=args,
        kwargs=kwargs,
        state=outcome.state,
        result=_result(delivery, outcome),
        at=from_us(at),
        message_id=message.id,
        entry=message.entry,
        fire_time=None if message.fire_time is None else from_us(message.fire_time),
    )
