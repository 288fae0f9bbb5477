"""Records on a Redis server: one hash, moved by one script a step."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from beatd.core.ending import Ending
from beatd.core.record import Answer, Item, Record, too_large_in
from beatd.ports import Clock
from beatd.rediskit.ending import telling
from beatd.rediskit.pages import pages
from beatd.rediskit.records import record_of
from beatd.rediskit.server import Server
from beatd.stores.redis.step import columns

PAGE = 1000
MANY = 100
"""For so many names it is worth the while to ask first whether there is any record."""

MOST_ITEMS, MOST_MESSAGES = 500, 2000
"""What one script carries out: while it runs, the server does nothing else."""

_STORED, _UNHELD, _TOO_LARGE, _GONE = 1, 2, 3, 4

_ANSWERS = msgspec.msgpack.Decoder(list[int | tuple[Any, ...]])


class RedisRecords:
    """The port ``Records``; ``history``: "all", "exceptions" or "none"; ``most``: how many rows of it are kept."""

    def __init__(self, server: Server, clock: Clock, history: str = "exceptions", *, most: int | None = None) -> None:
        self._server = server
        self._clock = clock
        self._history = history
        self._most = most

    @property
    def sees_finish(self) -> bool:
        """Whether this store learns when a message has ended."""
        return self._server.layout.sees_finish

    def load(self, names: Sequence[str] | None = None) -> dict[str, Record]:
        """Return the records of these names, or of all; tombstones included."""
        if names is None:
            return self._load_all()
        found: dict[str, Record] = {}
        # The first start on a table asks for each of its rows.
        if len(names) >= MANY and not self._server.command("HLEN", self._key):
            return found
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
        return self.begin(items)()

    def begin(self, items: Sequence[Item]) -> Callable[[], list[Answer]]:
        """Send a step; the server carries it out while others are made ready."""
        begun = [self._begin(part) for part in _parts(items)]
        return lambda: [answer for answers in begun for answer in answers()]

    def noticed(self, since: int) -> tuple[int, dict[str, Record]]:
        """Return a mark, and the records changed by ``notice`` items after the mark ``since``."""
        key = f"{self._server.prefix}noticed"
        found = self._server.command("ZRANGEBYSCORE", key, f"({since}", "+inf", "WITHSCORES")
        mark = max((int(score) for score in found[1::2]), default=since)
        return mark, self.load([name.decode() for name in found[::2]])

    @property
    def _key(self) -> str:
        return f"{self._server.prefix}records"

    def _begin(self, items: Sequence[Item]) -> Callable[[], list[Answer]]:
        now = self._clock.now()
        given = columns(items, now, self._history, self._server.layout)
        reply = self._server.begin("step", now, self._most or False, self._history == "all", *given)
        return lambda: self._answers(items, reply(), now)

    def _answers(self, items: Sequence[Item], reply: bytes, now: int) -> list[Answer]:
        if reply == b"all":
            return [Answer(True, item.record) for item in items]
        told = _ANSWERS.decode(reply)
        answers = [_answer(item, each) for item, each in zip(items, told, strict=True)]
        return self._after_ends(items, answers, [isinstance(each, tuple) and each[0] == _GONE for each in told], now)

    def _after_ends(self, items: Sequence[Item], answers: list[Answer], gone: Sequence[bool], now: int) -> list[Answer]:
        """Tell the records of the ends that nobody told; return the answers with these records as they are then."""
        ends = [
            Ending(item.name, item.rests_on.id, item.rests_on.fire_time)
            for item, is_gone in zip(items, gone, strict=True)
            if is_gone and item.rests_on is not None
        ]
        if not ends:
            return answers
        for ending in ends:
            telling(self._server, ending, now, lambda told: self._server.run("tell", now, told))
        found = self.load(sorted({ending.entry for ending in ends}))
        return [
            replace(answer, record=found.get(item.name)) if item.name in found and not answer.stored else answer
            for item, answer in zip(items, answers, strict=True)
        ]


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
    refused = too_large_in(item.emissions) if code == _TOO_LARGE else ()
    return Answer(stored=False, record=record, unheld=code == _UNHELD, refused=refused)
