"""History as the server keeps it: what became of every fire."""

from typing import Any

import msgspec

from beatd.core.message import Message
from beatd.core.record import Disposition

EMITTED, TRIGGERED, BACKFILLED = "emitted", "triggered", "backfilled"

_encode = msgspec.json.Encoder().encode


class Fire(msgspec.Struct, array_like=True, frozen=True):
    """One fire or range; the fields in the order in which they lie."""

    entry: str
    reason: str
    generation: int
    version: int
    first: int
    last: int | None
    count: int | None
    message_id: str | None
    task: str | None
    written_at: int
    note: str | None = None


_FIRE = msgspec.json.Decoder(Fire)


def value_of_message(message: Message, now: int, *, reason: str, generation: int = 0, version: int = 0) -> str:
    """Return the value of a message that was sent for an entry."""
    moment: Any = message.fire_time
    entry = message.entry or ""
    fire = Fire(entry, reason, generation, version, moment, moment, 1, message.id, message.task, now)
    return _value(fire)


def range_of(disposition: Disposition, now: int) -> tuple[object, ...]:
    """Return fires that were not emitted, as the scripts take them."""
    told = (disposition.entry, disposition.generation, disposition.reason.value, disposition.first)
    fire = Fire(
        disposition.entry,
        disposition.reason.value,
        disposition.generation,
        disposition.version,
        disposition.first,
        disposition.last,
        disposition.count,
        None,
        None,
        now,
        disposition.note,
    )
    identity = "\0".join(map(str, told))
    return disposition.entry, identity, disposition.first, _value(fire), disposition.last is None


def beginning_of(disposition: Disposition) -> str:
    """Return how the value of a range that was ended begins: what it is, without when it was written."""
    told = (
        disposition.entry,
        disposition.reason.value,
        disposition.generation,
        disposition.version,
        disposition.first,
        disposition.last,
    )
    return f"{disposition.last} {_encode(told).decode()[:-1]},"


def fire_of(value: bytes) -> Fire:
    """Return the fire that ``LAST ROW`` holds."""
    return _FIRE.decode(value.partition(b" ")[2])


def _value(fire: Fire) -> str:
    return f"{'-' if fire.last is None else fire.last} {_encode(fire).decode()}"
