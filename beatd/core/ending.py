"""What the end of a message does to its entry's record: a held one is released, failures are counted, pure."""

from dataclasses import dataclass
from enum import StrEnum

from msgspec.structs import replace

from beatd.core.firing import paused
from beatd.core.identity import message_id
from beatd.core.message import Delivery
from beatd.core.overlap import without
from beatd.core.record import Item, Pause, Record, Tracking
from beatd.core.states import Outcome, State, Verdict
from beatd.errors import MalformedMessageError
from beatd.schedules.moments import iso

PAUSER = "beatd"
"""Who paused an entry that failed too often."""


class End(StrEnum):
    """How a message ended for good; revoked, expired, purged or gone is neither success nor failure."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Ending:
    """A message of an entry that has ended; ``reason`` for people."""

    entry: str
    message_id: str
    fire_time: int
    end: End = End.NEITHER
    reason: str | None = None


def end_of(outcome: Outcome) -> End | None:
    """Return which end an outcome is, None where the message is to run on or again."""
    if outcome.verdict is Verdict.RETRY or outcome.state is State.STARTED:
        return None
    if outcome.verdict is Verdict.DEAD or outcome.state is State.FAILURE:
        return End.FAILURE
    return End.SUCCESS if outcome.state is State.SUCCESS else End.NEITHER


def revoked(reason: str) -> Outcome:
    """Return the outcome of a message that was not run."""
    return Outcome(verdict=Verdict.DONE, state=State.REVOKED, reason=reason)


def lost(deliveries: int) -> Outcome:
    """Return the outcome of a message whose workers died once too often."""
    reason = f"delivered {deliveries} times and never settled: the process that ran it died, or lost its lease"
    failure = {"exc_type": "WorkerLostError", "exc_message": [reason], "exc_module": "beatd.errors"}
    return Outcome(verdict=Verdict.DEAD, state=State.FAILURE, result=failure, reason=reason)


def unreadable(error: MalformedMessageError) -> Outcome:
    """Return the outcome of a message that nobody can read."""
    told = {"exc_type": type(error).__name__, "exc_message": [str(error)], "exc_module": type(error).__module__}
    return Outcome(verdict=Verdict.DEAD, state=State.FAILURE, result=told, reason=str(error))


def ending_of(delivery: Delivery, outcome: Outcome) -> Ending | None:
    """Return what a settlement is to the message's entry, None where it has none or goes on."""
    message, end = delivery.message, end_of(outcome)
    if end is None or message.entry is None or message.fire_time is None:
        return None
    return Ending(message.entry, message.id, message.fire_time, end, outcome.reason)


def ended(namespace: str, record: Record, ending: Ending, *, now: int, seq: int) -> Item | None:
    """Return the item that tells the record of an end, None where it changes nothing.

    A store carries it out on the record as it is, in the same atomic operation that ends the message. Triggers,
    backfills and messages of a former generation are told by their ids, and passed over.
    """
    tracking = record.tracking
    if tracking is None:
        return None
    waited = (tracking.unfinished, tracking.held)
    gone = next((each for each in waited if each is not None and each.id == ending.message_id), None)
    after, releases = without(tracking, gone, now)
    if _is_scheduled(namespace, record, ending):
        after = _counted(after, ending.end)
    if after == tracking:
        return None
    told = replace(record, seq=seq, tracking=after or None)
    item = Item(name=ending.entry, expected=record.seq, record=told, releases=releases, notice=True)
    has_failed = after.failures > tracking.failures
    if not has_failed or after.failures < after.pause_after or record.pause is not None:
        return item
    pause = paused(ending.entry, told, Pause(PAUSER, now, _note(after.failures, ending)), seq)
    return replace(item, record=pause.record, dispositions=pause.dispositions)


def _is_scheduled(namespace: str, record: Record, ending: Ending) -> bool:
    return ending.message_id == message_id(namespace, ending.entry, record.generation, ending.fire_time)


def _counted(tracking: Tracking, end: End) -> Tracking:
    if not tracking.pause_after or end is End.NEITHER:
        return tracking
    return replace(tracking, failures=tracking.failures + 1 if end is End.FAILURE else 0)


def _note(failures: int, ending: Ending) -> str:
    row = "a failure" if failures == 1 else f"{failures} failures in a row"
    why = f": {ending.reason}" if ending.reason else ""
    return f"{row}, the last at {iso(ending.fire_time)}{why}"
