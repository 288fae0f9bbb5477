"""A record as its value in the hash ``records``: ``SEQ VERSION FLAGS CURSOR REST``, the last in JSON.

What the scripts look at comes first, as text: Lua's numbers would lose the last digits of a ``seq``.
"""

from typing import NamedTuple

import msgspec

from beatd.core.record import Backlog, Pause, Reason, Record, Sent, Tracking

_REMOVED, _TRACKED = 1, 2

_Sent = tuple[str, int, int]


class _Rest(NamedTuple):
    generation: int
    fingerprint: int
    since: int
    runs: int
    open: Reason | None
    backlog: tuple[int, int] | None
    pause: tuple[str, int, str] | None
    tracking: tuple[_Sent | None, _Sent | None, int, int] | None = None


_encode = msgspec.json.Encoder().encode
_REST = msgspec.json.Decoder(_Rest)


def value_of(record: Record) -> str:
    """Return the value that holds a record."""
    backlog, pause, tracking = record.backlog, record.pause, record.tracking
    flags = _REMOVED if record.removed else 0
    rest: tuple[object, ...] = (
        record.generation,
        record.fingerprint,
        record.since,
        record.runs,
        record.open,
        None if backlog is None else (backlog.found_at, backlog.up_to),
        None if pause is None else (pause.by, pause.at, pause.note),
    )
    if tracking:
        # Most entries ask for nothing, and their values are the shorter for it.
        flags |= _TRACKED
        sent = (_value_of_sent(tracking.unfinished), _value_of_sent(tracking.held))
        rest = (*rest, (*sent, tracking.failures, tracking.pause_after))
    return f"{record.seq} {record.version} {flags} {record.cursor} {_encode(rest).decode()}"


def record_of(value: bytes | str) -> Record:
    """Return the record that a value holds."""
    data = value.encode() if isinstance(value, str) else value
    seq, version, flags, cursor, text = data.split(b" ", 4)
    rest = _REST.decode(text)
    return Record(
        seq=int(seq),
        generation=rest.generation,
        version=int(version),
        fingerprint=rest.fingerprint,
        since=rest.since,
        cursor=int(cursor),
        runs=rest.runs,
        open=rest.open,
        backlog=None if rest.backlog is None else Backlog(*rest.backlog),
        pause=None if rest.pause is None else Pause(*rest.pause),
        removed=bool(int(flags) & _REMOVED),
        tracking=None if rest.tracking is None else _tracking_of(*rest.tracking),
    )


def _value_of_sent(sent: Sent | None) -> _Sent | None:
    return None if sent is None else (sent.id, sent.fire_time, sent.since)


def _tracking_of(unfinished: _Sent | None, held: _Sent | None, failures: int, pause_after: int) -> Tracking:
    return Tracking(
        unfinished=None if unfinished is None else Sent(*unfinished),
        held=None if held is None else Sent(*held),
        failures=failures,
        pause_after=pause_after,
    )
