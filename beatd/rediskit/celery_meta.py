"""An outcome as Celery's result backend on Redis has it: JSON under ``celery-task-meta-ID``."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from beatd.brokerports import Stored
from beatd.core.message import Message
from beatd.core.states import FINAL, Outcome, State
from beatd.schedules.moments import from_us, to_us

_STATES = {"RECEIVED": State.PENDING, "REJECTED": State.FAILURE, "IGNORED": State.SUCCESS}
"""What Celery knows beside the states that it shares with beatd."""


class _Meta(msgspec.Struct):
    status: str
    result: Any = None
    traceback: str | None = None
    date_done: str | None = None
    name: str | None = None


_encode = msgspec.json.Encoder().encode
_META = msgspec.json.Decoder(_Meta)


def meta_of(message: Message, outcome: Outcome, now: int) -> str:
    """Return what a client of Celery reads. Raises TypeError for a result that is no JSON."""
    done = now if outcome.finished_at is None else outcome.finished_at
    meta = {
        "status": outcome.state.value,
        "result": outcome.result,
        "traceback": outcome.traceback,
        "children": [],
        "date_done": from_us(done).isoformat() if outcome.state in FINAL else None,
        "task_id": message.id,
    }
    for name, header in (("group_id", "group"), ("parent_id", "parent_id")):
        if message.headers.get(header) is not None:
            meta[name] = message.headers[header]
    return _encode(meta).decode()


def _moment(text: str) -> int:
    """Return microseconds since the epoch; older versions of Celery leave the zone out, which is UTC then."""
    moment = datetime.fromisoformat(text)
    return to_us(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def stored_in(message_id: str, meta: bytes) -> Stored | None:
    """Return the outcome that a worker of Celery left; None for what cannot be read, such as a pickle."""
    try:
        found = _META.decode(meta)
        state = _STATES.get(found.status) or State(found.status)
        finished_at = None if found.date_done is None else _moment(found.date_done)
    except (msgspec.DecodeError, ValueError):
        return None
    return Stored(
        message_id=message_id,
        state=state,
        result=found.result,
        traceback=found.traceback,
        finished_at=finished_at,
        task=found.name,
    )
