"""Outcomes as the server keeps them, and where a message stands."""

from typing import Any, NamedTuple

import msgspec

from beatd.brokerports import Stored
from beatd.core.states import Outcome, State
from beatd.rediskit.server import Server

CLAIMED, DEAD, HELD = "c", "x", "h"

_encode = msgspec.json.Encoder().encode


class Note(NamedTuple):
    """What history keeps of an outcome."""

    state: State
    started_at: int | None
    finished_at: int | None
    reason: str | None


class Rest(NamedTuple):
    """What goes with the outcome."""

    task: str
    traceback: str | None
    result: Any


_NOTE, _REST = msgspec.json.Decoder(Note), msgspec.json.Decoder(Rest)


class Standing(NamedTuple):
    """What is known of one message; ``task`` None: it is not there any more.

    ``timed_out``: ``overlap`` waits for it no longer.
    """

    task: str | None
    state: str | None
    claimed_at: int | None
    outcome: bytes | None
    note: Note | None
    reason: str | None
    timed_out: bool


def value_of(outcome: Outcome, now: int, *, task: str, entry: str | None) -> str | None:
    """Return what to store, None where nobody will ask for it; raises TypeError for a result that is no JSON."""
    if not outcome.keep and entry is None:
        return None
    note = Note(outcome.state, outcome.started_at, finished_at(outcome, now), outcome.reason)
    rest = Rest(task, outcome.traceback, outcome.result if outcome.keep else None)
    return f"{outcome.state.value} {outcome.worker or ''}\n{_encode(note).decode()}\n{_encode(rest).decode()}"


def finished_at(outcome: Outcome, now: int) -> int:
    """Return when an outcome came to be."""
    return now if outcome.finished_at is None else outcome.finished_at


def stored_of(message_id: str, value: bytes) -> Stored:
    """Return the outcome that a value holds."""
    _, note_text, rest_text = value.split(b"\n", 2)
    note, rest = _NOTE.decode(note_text), _REST.decode(rest_text)
    return Stored(
        message_id=message_id,
        state=note.state,
        result=rest.result,
        traceback=rest.traceback,
        started_at=note.started_at,
        finished_at=note.finished_at,
        reason=note.reason,
        task=rest.task,
    )


def standings(server: Server, ids: list[str]) -> list[Standing]:
    """Return where these messages stand, in one step."""
    return [_standing(*found) for found in server.run("peek", ids)] if ids else []


def _standing(
    task: bytes, taken: bytes, outcome: bytes, note: bytes, reason: bytes, held: bytes, timed_out: bytes
) -> Standing:
    words = taken.split(b"\n", 1)[0].split(b" ")
    note = outcome.split(b"\n", 2)[1] if outcome else note
    return Standing(
        task=task.decode() or None,
        state=HELD if held else words[0].decode() or None,
        claimed_at=int(words[4]) if taken else None,
        outcome=outcome or None,
        note=_NOTE.decode(note) if note else None,
        reason=reason.decode() or None,
        timed_out=bool(timed_out),
    )
