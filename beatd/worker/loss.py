"""What becomes of the message that a child held when its process ended."""

import signal
from typing import Final

from beatd.core.message import Delivery, Message
from beatd.core.states import Outcome, State, Verdict
from beatd.errors import WorkerLostError
from beatd.ports import Clock
from beatd.worker.guard import FILES_CLOSED
from beatd.worker.outcome import Run, failed, killed_at_limit
from beatd.worker.slots import Sight

SECOND: Final = 1_000_000
_NO_ATTEMPT: Final = 0

Loss = tuple[Delivery, Outcome]


def how_it_ended(code: int) -> str:
    """Return an exit code (negative: the signal) in words."""
    if code == FILES_CLOSED:
        return "was ended, because its task had closed files that are not the task's"
    if code >= 0:
        return f"ended with exit code {code}"
    # A real-time signal has no name of its own.
    known = -code in signal.valid_signals() and -code in set(signal.Signals)
    return f"was killed by {signal.Signals(-code).name if known else f'signal {-code}'}"


def timed_out(message: Message, sight: Sight, owner: str, clock: Clock) -> Loss:
    """Return the end of a task that was killed at its hard time limit."""
    outcome = killed_at_limit(_run(sight, owner, clock), message.task, sight.limit / SECOND)
    return _delivery(message, owner, sight.attempt), outcome


def lost(message: Message, sight: Sight, owner: str, clock: Clock, how: str) -> Loss:
    """Return the end of a task that may run once only and whose process is gone; ``how`` as in "was killed"."""
    error = WorkerLostError(f"the process that ran {message.task} {how}; the task may run once only")
    # An attempt that nobody holds: what is to run again is not ended by this, only what was settled before its run.
    return _delivery(message, owner, _NO_ATTEMPT), failed(_run(sight, owner, clock), error)


def failed_with(message: Message, sight: Sight, owner: str, clock: Clock, how: str) -> Loss:
    """Return the end of a task that is not to run again once its process is gone; ``how`` as in "was killed"."""
    error = WorkerLostError(f"the process that ran {message.task} {how}, and the task has reject_on_worker_lost=False")
    return _delivery(message, owner, sight.attempt), failed(_run(sight, owner, clock), error)


def revoked(message: Message, sight: Sight, owner: str, clock: Clock) -> Loss:
    """Return the end of a task that was killed because its message was revoked."""
    run = _run(sight, owner, clock)
    outcome = Outcome(
        verdict=Verdict.DONE,
        state=State.REVOKED,
        reason="revoked while it ran, and killed",
        started_at=run.started_at,
        finished_at=run.finished_at,
        worker=run.worker,
    )
    return _delivery(message, owner, sight.attempt), outcome


def _run(sight: Sight, owner: str, clock: Clock) -> Run:
    now = clock.now()
    return Run(worker=owner, started_at=now - (clock.elapsed() - sight.started_at), finished_at=now)


def _delivery(message: Message, owner: str, attempt: int) -> Delivery:
    return Delivery(message=message, attempt=attempt, owner=owner, lease_until=0)
