"""Records on a Redis server: one hash, moved by one script a step."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from beatd.core.message import MAX_BODY, Message
from beatd.core.record import Answer, Item, Record, too_large_in
from beatd.ports import Clock
from beatd.rediskit import fires, messages
from beatd.rediskit.pages import pages
from beatd.rediskit.server import Server
from beatd.stores.redisrecord import record_of, value_of

PAGE = 1000
MOST_ITEMS, MOST_MESSAGES = 500, 2000
"""What one script carries out: while it runs, the server does nothing else."""

_TAKES_IN, _NOTICE, _REFUSED, _REMOVED = 1, 2, 4, 8
_STORED, _UNHELD, _TOO_LARGE = 1, 2, 3

_ANSWERS = msgspec.msgpack.Decoder(list[int | tuple[Any, ...]])


class RedisRecords:
    """The port ``Records``; ``history``: "all", "exceptions" or "none"; ``most``: how many rows of it are kept."""

    sees_finish = False

    def __init__(self, server: Server, clock: Clock, history: str = "exceptions", *, most: int | None = None) -> None:
        self._server = server
        self._clock = clock
        self._history = history
        self._most = most

    def load(self, names: Sequence[str] | None = None) -> dict[str, Record]:
        """Return the records of these names, or of all; tombstones included."""
        if names is None:
            return self._load_all()
        found: dict[str, Record] = {}
        for page in pages(names, PAGE):
            values = self._server.command("HMGET", self._key, *page)
            found.update((name, record_of(value)) for name, value in zip(page, values, strict=True) if value)
        return found

    def _load_all(self) -> dict[str, Record]:
        found: dict[str, Record] = {}
        cursor: int | None = None
        while cursor != 0:
            # What is there all along is told at least once; what is told twice was moved meanwhile.
            answer, pairs = self._server.command("HSCAN", self._key, cursor or 0, "COUNT", PAGE)
            cursor = int(answer)
            found.update((pairs[at].decode(), record_of(pairs[at + 1])) for at in range(0, len(pairs), 2))
        return found

    def step(self, items: Sequence[Item]) -> list[Answer]:
        """Carry out each item whose expectation holds; up to 500 items, or 2 000 messages, in one atomic step."""
        return [answer for part in _parts(items) for answer in self._step(part)]

    def noticed(self, since: int) -> tuple[int, dict[str, Record]]:
        """Return a mark, and the records changed by ``notice`` items after the mark ``since``."""
        key = f"{self._server.prefix}noticed"
        found = self._server.command("ZRANGEBYSCORE", key, f"({since}", "+inf", "WITHSCORES")
        mark = max((int(score) for score in found[1::2]), default=since)
        return mark, self.load([name.decode() for name in found[::2]])

    @property
    def _key(self) -> str:
        return f"{self._server.prefix}records"

    def _step(self, items: Sequence[Item]) -> list[Answer]:
        now = self._clock.now()
        reply = self._server.run("step", now, self._most or False, self._history == "all", *self._columns(items, now))
        if reply == b"all":
            return [Answer(True, item.record) for item in items]
        return [_answer(item, told) for item, told in zip(items, _ANSWERS.decode(reply), strict=True)]

    def _columns(self, items: Sequence[Item], now: int) -> tuple[object, ...]:
        records: list[str] = []
        pairs: list[str] = []
        counts: list[int] = []
        sent: list[Message] = []
        rows: list[tuple[object, ...]] = []
        special: list[tuple[object, ...]] = []
        for place, item in enumerate(items, 1):
            value = value_of(item.record)
            records.append(value)
            pairs += (item.name, value)
            given = [emission.message for emission in item.emissions]
            flags = _flags(item, given)
            if flags & _REFUSED:
                given = []
            counts.append(len(given))
            sent += given
            if self._history == "all":
                rows += [_row(message, item.record, now) for message in given]
            if flags or item.expected is None or item.dispositions or item.closes is not None:
                special.append(self._special(place, item, flags, now))
        names = [item.name for item in items]
        expected = [False if item.expected is None else str(item.expected) for item in items]
        return names, expected, records, counts, messages.columns(sent), rows or False, pairs, special

    def _special(self, place: int, item: Item, flags: int, now: int) -> tuple[object, ...]:
        kept = () if self._history == "none" else item.dispositions
        return (
            place,
            str(item.record.version),
            str(item.record.fingerprint),
            flags,
            [fires.range_of(disposition, now) for disposition in kept],
            False if item.closes is None else fires.range_of(item.closes, now),
            item.record.cursor,
        )


def _flags(item: Item, given: Sequence[Message]) -> int:
    flags = (_TAKES_IN if item.takes_in else 0) | (_NOTICE if item.notice else 0)
    if item.record.removed:
        flags |= _REMOVED
    for message in given:
        if len(message.body) > MAX_BODY:
            return flags | _REFUSED
    return flags


def _row(message: Message, record: Record, now: int) -> tuple[object, ...]:
    value = fires.value_of_message(
        message, now, reason=fires.EMITTED, generation=record.generation, version=record.version
    )
    return message.entry, message.id, message.fire_time, value


def _parts(items: Sequence[Item]) -> Iterator[list[Item]]:
    part: list[Item] = []
    weight = 0
    for item in items:
        if part and (len(part) == MOST_ITEMS or weight + len(item.emissions) > MOST_MESSAGES):
            yield part
            part, weight = [], 0
        part.append(item)
        weight += len(item.emissions)
    if part:
        yield part


def _answer(item: Item, told: int | tuple[Any, ...]) -> Answer:
    if told == _STORED:
        return Answer(stored=True, record=item.record)
    code, found, *more = told if isinstance(told, tuple) else (told, False)
    if code == _STORED:
        return Answer(stored=True, record=item.record, repeated=tuple(more[0]))
    record = record_of(found) if found else None
    refused = too_large_in(item) if code == _TOO_LARGE else ()
    return Answer(stored=False, record=record, unheld=code == _UNHELD, refused=refused)
