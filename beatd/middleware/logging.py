"""A line for each run of a task."""

import logging

from beatd.core.message import Delivery
from beatd.core.states import Outcome, State
from beatd.middleware.base import Middleware
from beatd.schedules.moments import iso

logger = logging.getLogger("beatd.worker")


class LogRuns(Middleware):
    """Says what started (at debug level), and what was done, failed or will be tried again; how late, how long."""

    def before_run(self, delivery: Delivery, started_at: int) -> None:
        """Say that it starts."""
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("task started", extra={"action": "started", **_fields(delivery, started_at)})

    def on_retry(self, delivery: Delivery, outcome: Outcome) -> None:
        """Say that it will be tried again, when and why."""
        fields = {"retry_in_ms": round((outcome.retry_in or 0) / 1000), **_ending(delivery, outcome)}
        logger.warning("task will be retried", extra={"action": "retry", **fields})

    def on_failure(self, delivery: Delivery, outcome: Outcome) -> None:
        """Say that it failed, and why."""
        logger.error("task failed", extra={"action": "failed", **_ending(delivery, outcome)})
        if outcome.traceback and logger.isEnabledFor(logging.DEBUG):
            logger.debug("traceback", extra={**_ending(delivery, outcome), "traceback": outcome.traceback})

    def after_run(self, delivery: Delivery, outcome: Outcome) -> None:
        """Say that it is done."""
        if outcome.state is State.SUCCESS and logger.isEnabledFor(logging.INFO):
            logger.info("task done", extra={"action": "done", **_ending(delivery, outcome)})


def _fields(delivery: Delivery, started_at: int | None) -> dict[str, object]:
    message = delivery.message
    fields: dict[str, object] = {"task": message.task, "message_id": message.id, "attempt": delivery.attempt}
    if message.entry is not None:
        fields["entry"] = message.entry
    if message.fire_time is not None:
        fields["fire_time"] = iso(message.fire_time)
        if started_at is not None:
            fields["lateness_ms"] = max(0, started_at - max(message.fire_time, message.due)) / 1000
    return fields


def _ending(delivery: Delivery, outcome: Outcome) -> dict[str, object]:
    fields = _fields(delivery, outcome.started_at)
    if outcome.started_at is not None and outcome.finished_at is not None:
        fields["runtime_ms"] = max(0, outcome.finished_at - outcome.started_at) / 1000
    if outcome.reason is not None:
        fields["error"] = outcome.reason
    return fields
