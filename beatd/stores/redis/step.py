"""A step as the script on a Redis server takes it."""

from collections.abc import Sequence
from typing import Literal

from beatd.core.message import MAX_BODY, Message
from beatd.core.record import Item, Record
from beatd.rediskit import fires, messages
from beatd.rediskit.layout import Layout
from beatd.rediskit.records import value_of

_TAKES_IN, _NOTICE, _REFUSED, _REMOVED, _OF_ROW = 1, 2, 4, 8, 16
_BEGINS_ROW = _TAKES_IN | _OF_ROW


def columns(items: Sequence[Item], now: int, history: str, layout: Layout) -> tuple[object, ...]:
    """Return the items as the script takes them, in columns; what happens seldom lies beside them by its place."""
    records: list[str] = []
    pairs: list[str] = []
    counts: list[int] = []
    sent: list[Message] = []
    rows: list[tuple[object, ...]] = []
    special: list[tuple[object, ...]] = []
    asides: list[tuple[object, ...]] = []
    begun: list[tuple[object, ...]] = []
    for place, item in enumerate(items, 1):
        value = value_of(item.record)
        records.append(value)
        pairs += (item.name, value)
        given = [emission.message for emission in item.emissions]
        flags = _flags(item, given)
        given = [] if flags & _REFUSED else given
        counts.append(len(given))
        sent += given
        if history == "all":
            rows += [_row(message, item.record, now) for message in given]
        begins_row = item.takes_in and item.of_row and item.begins is not None
        if begins_row:
            begun.append(_beginning(place, item))
        if item.letters or (item.begins is not None and not begins_row):
            asides.append(_aside(place, item, layout))
        overlap = _overlap(item)
        is_plain = flags == _BEGINS_ROW if begins_row else not flags and item.expected is not None
        if not is_plain or overlap or item.dispositions or item.closes is not None:
            special.append((*_special(place, item, flags, now, history), overlap))
    names = [item.name for item in items]
    expected = [False if item.expected is None else str(item.expected) for item in items]
    beginnings = tuple(zip(*begun, strict=True)) or ((), (), (), ())
    beside = rows or False, pairs, special, asides, beginnings
    return names, expected, records, counts, messages.columns(sent, layout), *beside


def _special(place: int, item: Item, flags: int, now: int, history: str) -> tuple[object, ...]:
    kept = () if history == "none" else item.dispositions
    return (
        place,
        str(item.record.version),
        str(item.record.fingerprint),
        flags,
        [fires.range_of(disposition, now) for disposition in kept],
        False if item.closes is None else fires.range_of(item.closes, now),
        item.record.cursor,
    )


def _aside(place: int, item: Item, layout: Layout) -> tuple[object, ...]:
    """Return what the store keeps beside the record: since when a version rules, and dead letters."""
    takes_in = item.takes_in and item.begins is not None
    letters = [
        (each.message.id, each.message.queue, messages.as_bytes(layout.packed(each.message)), each.reason)
        for each in item.letters
    ]
    record = item.record
    field = f"{item.name}\0{record.version}" if takes_in and not item.of_row else False
    return place, field, f"{record.generation} {item.begins}", letters


def _beginning(place: int, item: Item) -> tuple[object, ...]:
    """Return since when a row's version rules."""
    record = item.record
    tenure = f"{record.generation}:{item.begins}:{record.fingerprint}"
    return place, str(record.version), tenure, str(item.begins)


def _overlap(item: Item) -> tuple[object, ...] | Literal[False]:
    """Return what the item does to former messages and holds back, False where that is nothing."""
    tracking, rests_on, timed_out = item.record.tracking, item.rests_on, item.timed_out
    held = None if tracking is None else tracking.held
    if not (held or item.releases or item.cancels or rests_on or timed_out):
        return False
    return (
        False if held is None else held.id,
        item.releases,
        item.cancels,
        False if rests_on is None else rests_on.id,
        False if timed_out is None else timed_out.id,
    )


def _flags(item: Item, given: Sequence[Message]) -> int:
    flags = (_TAKES_IN if item.takes_in else 0) | (_NOTICE if item.notice else 0)
    if item.record.removed:
        flags |= _REMOVED
    if item.of_row:
        flags |= _OF_ROW
    for message in given:
        if len(message.body) > MAX_BODY:
            return flags | _REFUSED
    return flags


def _row(message: Message, record: Record, now: int) -> tuple[object, ...]:
    value = fires.value_of_message(
        message, now, reason=fires.EMITTED, generation=record.generation, version=record.version
    )
    return message.entry, message.id, message.fire_time, value
