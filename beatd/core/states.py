"""The states of a task, named as Celery names them, and the outcome of one message."""

from enum import StrEnum
from typing import Any

import msgspec


class State(StrEnum):
    """Where a message stands."""

    PENDING = "PENDING"
    STARTED = "STARTED"
    RETRY = "RETRY"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    REVOKED = "REVOKED"


FINAL = frozenset({State.SUCCESS, State.FAILURE, State.REVOKED})


class Verdict(StrEnum):
    """What is to happen to a delivery that is being settled."""

    DONE = "done"
    RETRY = "retry"
    DEAD = "dead"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One message's state and value after an attempt.

    ``result`` is a JSON value; for a failure ``{"exc_type", "exc_message", "exc_module"}`` as Celery writes it.
    ``started_at``/``finished_at`` in microseconds since the epoch, by the worker's clock. ``retry_in``: the wait in
    microseconds from the settlement on, by the broker's clock: two hosts' may differ. ``reason``: why dead or revoked.
    ``keep`` false: the value is not stored (``ignore_result``); the state is, where the message is of an entry.
    """

    verdict: Verdict
    state: State
    result: Any = None
    traceback: str | None = None
    started_at: int | None = None
    finished_at: int | None = None
    reason: str | None = None
    retry_in: int | None = None
    worker: str | None = None
    keep: bool = True
