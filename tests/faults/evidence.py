"""What the judge finds in a store, read from its tables and keys with no code of beatd's."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg
import redis

from tests.faults.rules import Rule, rule_of

KEYS = "{beatd:beatd}:"
KOMBU_LISTS = ("celery", *(f"celery\x06\x16{step}" for step in (3, 6, 9)))
FOREVER = 1 << 62


class Change(NamedTuple):
    """A version of an entry. ``rule`` None: the name was removed. ``edit``: the first argument of its call."""

    moment: int
    rule: Rule | None
    edit: int | None


class Range(NamedTuple):
    """Fires on record as not emitted."""

    entry: str
    generation: int
    reason: str
    first: int
    last: int


@dataclass
class Evidence:
    """What a store says.

    ``on_record``: (entry, generation, fire) of emitted fires by message id, where the store ``keeps_all``. ``waiting``:
    ids of messages in the queue.
    """

    installed: int
    changes: dict[str, list[Change]] = field(default_factory=dict)
    cursors: dict[str, int] = field(default_factory=dict)
    ranges: list[Range] = field(default_factory=list)
    on_record: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    twice_on_record: list[str] = field(default_factory=list)
    keeps_all: bool = True

    def change(self, name: str, moment: int, entry: str | None) -> None:
        told: Any = json.loads(entry) if entry else None
        found = Change(moment, rule_of(told["schedule"]), (told["args"] or [None])[0]) if told else None
        self.changes.setdefault(name, []).append(found or Change(moment, None, None))

    def fire(self, entry: str, generation: int, reason: str, first: int, last: int | None, message_id: str) -> None:
        if reason != "emitted":
            self.ranges.append(Range(entry, generation, reason, first, FOREVER if last is None else last))
            return
        if message_id in self.on_record:
            self.twice_on_record.append(message_id)
        self.on_record[message_id] = (entry, generation, first)


def read_evidence(url: str, *, versions: bool = True) -> Evidence:
    """Read the store at ``url``; without its ``versions`` where somebody else has a record of them."""
    found = _read(url)
    if not versions:
        found.changes.clear()
    return found


def _read(url: str) -> Evidence:
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        with closing(sqlite3.connect(f"file:{rest.removeprefix('/')}?mode=ro", uri=True)) as connection:
            return _read_sql(connection)
    if scheme == "postgresql":
        with psycopg.connect(url) as server:
            return _read_sql(server)
    with redis.Redis.from_url(url.removeprefix("celery+")) as client:
        return _read_redis(client)


def _read_sql(connection: Any) -> Evidence:
    def rows(statement: str) -> Iterable[Any]:
        return connection.execute(statement)

    ((installed,),) = rows("SELECT since FROM beatd_namespaces")
    found = Evidence(installed)
    for row in rows("SELECT name, changed_at, entry FROM beatd_definitions ORDER BY name, number"):
        found.change(*row)
    found.cursors = dict(rows("SELECT name, cursor FROM beatd_entries"))
    told = "SELECT entry, generation, reason, first, last, message_id FROM beatd_fires WHERE reason <> 'triggered'"
    for row in rows(told):
        found.fire(*row)
    found.waiting = {row[0] for row in rows("SELECT id FROM beatd_messages")}
    return found


def _read_redis(client: Any) -> Evidence:
    state = client.hgetall(f"{KEYS}state")
    newest = int(state[b"revision"])
    found = Evidence(int(state[b"since"]), keeps_all=False)
    numbered = [(*key.decode().split("\0"), value) for key, value in client.hgetall(f"{KEYS}definitions").items()]
    for name, number, value in sorted(numbered, key=lambda each: (each[0], int(each[1]))):
        if int(number) <= newest:  # above it lies what was never made current
            moment, _, entry, _ = json.loads(value.partition(b" ")[2])
            found.change(name, moment, entry)
    for name, value in client.hgetall(f"{KEYS}records").items():
        found.cursors[name.decode()] = int(value.split(b" ")[3])
    for value in client.hvals(f"{KEYS}fires"):
        entry, reason, generation, _, first, last, _, message_id, *_ = json.loads(value.partition(b" ")[2])
        found.fire(entry, generation, reason, first, last, message_id)
    found.waiting = {key.decode() for key in client.hkeys(f"{KEYS}messages")}
    texts = (text for each in KOMBU_LISTS for text in client.lrange(each, 0, -1))
    found.waiting.update(json.loads(text)["headers"]["id"] for text in texts)
    return found
