"""What a broker says in the log of ends that no worker saw, and of what ends did to entries."""

import logging

from beatd.core.ending import PAUSER
from beatd.core.message import Delivery
from beatd.core.record import Item
from beatd.core.states import Outcome, Verdict

logger = logging.getLogger("beatd.worker")


def tell_unrun(delivery: Delivery, outcome: Outcome) -> None:
    """Log a message that was ended without a run."""
    dead, message = outcome.verdict is Verdict.DEAD, delivery.message
    fields = {"entry": message.entry, "task": message.task, "message_id": message.id, "attempt": delivery.attempt - 1}
    logger.log(
        logging.ERROR if dead else logging.WARNING,
        "a message is now a dead letter" if dead else "a message was not run",
        extra={"action": "dead" if dead else "revoked", **fields, "reason": outcome.reason},
    )


def tell_not_limited(place: str, version: str | None) -> None:
    """Log that rates of tasks cannot be held in a database."""
    logger.error(
        "rate limits are not held: %s has the older schema %s; run `beatd db upgrade`",
        place,
        version,
        extra={"action": "not_limited"},
    )


def tell_paused(item: Item) -> None:
    """Log it where an end paused its entry."""
    pause = item.record.pause
    if item.dispositions and pause is not None and pause.by == PAUSER:
        logger.error("entry paused: %s", pause.note, extra={"action": "paused", "entry": item.name})
