"""A record as its value in the hash ``records``: ``SEQ VERSION REMOVED CURSOR REST``, the last in JSON.

What the scripts look at comes first, as text: Lua's numbers would lose the last digits of a ``seq``.
"""

from typing import NamedTuple

import msgspec

from beatd.core.record import Backlog, Pause, Reason, Record


class _Rest(NamedTuple):
    generation: int
    fingerprint: int
    since: int
    runs: int
    open: Reason | None
    backlog: tuple[int, int] | None
    pause: tuple[str, int, str] | None


_encode = msgspec.json.Encoder().encode
_REST = msgspec.json.Decoder(_Rest)


def value_of(record: Record) -> str:
    """Return the value that holds a record."""
    backlog, pause = record.backlog, record.pause
    rest = (
        record.generation,
        record.fingerprint,
        record.since,
        record.runs,
        record.open,
        None if backlog is None else (backlog.found_at, backlog.up_to),
        None if pause is None else (pause.by, pause.at, pause.note),
    )
    return f"{record.seq} {record.version} {int(record.removed)} {record.cursor} {_encode(rest).decode()}"


def record_of(value: bytes | str) -> Record:
    """Return the record that a value holds."""
    data = value.encode() if isinstance(value, str) else value
    seq, version, removed, cursor, text = data.split(b" ", 4)
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
        removed=removed == b"1",
    )
