"""Messages that a claim ends without a run: revoked, expired, or delivered too often."""

import logging

logger = logging.getLogger("beatd.worker")


def tell(*, entry: str | None, task: str, message_id: str, attempt: int, reason: str | None, dead: bool) -> None:
    """Log the end of such a message; ``attempt``: the last one that was made, 0 for none."""
    logger.log(
        logging.ERROR if dead else logging.WARNING,
        "a message is now a dead letter" if dead else "a message was not run",
        extra={
            "action": "dead" if dead else "revoked",
            "entry": entry,
            "task": task,
            "message_id": message_id,
            "attempt": attempt,
            "reason": reason,
        },
    )
