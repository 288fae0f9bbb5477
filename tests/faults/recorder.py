"""Takes messages from the queue and writes down each, in the place of a worker and with no code of beatd's.

``python -m tests.faults.recorder URL FILE`` until TERM, and then until nothing is left. A message is written before
it is removed, and once however often it is seen before that; another one with the same id is another message.
"""

import json
import signal
import sqlite3
import sys
import time
from base64 import b64decode
from collections.abc import Hashable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import psycopg
import redis

from tests.faults.evidence import KEYS, KOMBU_LISTS

PAGE = 2000
EACH = 0.05
QUEUES_IN_USE = ("celery", "slow")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAILURES = (OSError, sqlite3.Error, psycopg.Error, redis.RedisError)


class Seen(NamedTuple):
    """A message in the queue; ``key`` tells it from any other, also of the same id."""

    key: Hashable
    id: str
    fire_time: int
    entry: str
    edit: int


class SqliteQueue:
    def __init__(self, url: str) -> None:
        path = url.removeprefix("sqlite:///")
        if not Path(path).exists():
            raise OSError(path)
        self._connection = sqlite3.connect(path, timeout=2, isolation_level=None)

    def look(self) -> list[Seen]:
        told = "SELECT seq, id, fire_time, entry, body FROM beatd_messages ORDER BY seq LIMIT ?"
        return [Seen(*row[:4], edit_of(row[4])) for row in self._connection.execute(told, (PAGE,))]

    def remove(self, keys: Sequence[Any]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany("DELETE FROM beatd_messages WHERE seq = ?", [(key,) for key in keys])
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


class PostgresQueue:
    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True, connect_timeout=3)
        self._connection.execute("SET statement_timeout = 5000")

    def look(self) -> list[Seen]:
        told = "SELECT seq, id, fire_time, entry, body FROM beatd_messages ORDER BY seq LIMIT %s"
        return [Seen(*row[:4], edit_of(row[4])) for row in self._connection.execute(told, (PAGE,))]

    def remove(self, keys: Sequence[Any]) -> None:
        self._connection.execute("DELETE FROM beatd_messages WHERE seq = ANY(%s)", (list(keys),))


class RedisQueue:
    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=5)

    def look(self) -> list[Seen]:
        return [each for queue in QUEUES_IN_USE for each in self._look(f"{KEYS}ready:{queue}")]

    def _look(self, ready: str) -> list[Seen]:
        waiting: Any = self._client.zrange(ready, 0, PAGE - 1, withscores=True)
        if not waiting:
            return []
        values: Any = self._client.hmget(f"{KEYS}messages", [id_ for id_, _ in waiting])
        return [_seen(id_, score, value) for (id_, score), value in zip(waiting, values, strict=True)]

    def remove(self, keys: Sequence[Any]) -> None:
        ids = [id_ for id_, _ in keys]
        with self._client.pipeline(transaction=True) as pipeline:
            for queue in QUEUES_IN_USE:
                pipeline.zrem(f"{KEYS}ready:{queue}", *ids)
            pipeline.hdel(f"{KEYS}messages", *ids)
            pipeline.execute()


class KombuQueue:
    """kombu's lists: pushed to on the left, read on the right.

    An envelope's key is its place in all that ever lay in its list, so that one pushed twice, text for text, is two.
    How many of each list were removed lies on the server: a removal that is carried out late, or again, finds another
    number there, and removes nothing that was not seen.
    """

    REMOVED = "recorder:removed"
    # The count goes first: a server without memory refuses it, and the script ends before anything is removed.
    REMOVE = """
        if (redis.call('HGET', KEYS[2], KEYS[1]) or '0') == ARGV[1] then
          redis.call('HINCRBY', KEYS[2], KEYS[1], ARGV[2])
          redis.call('LTRIM', KEYS[1], 0, -1 - ARGV[2])
        end
    """

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url.removeprefix("celery+"), socket_timeout=5)

    def look(self) -> list[Seen]:
        with self._client.pipeline(transaction=True) as pipeline:
            pipeline.hmget(self.REMOVED, KOMBU_LISTS)
            for each in KOMBU_LISTS:
                pipeline.lrange(each, -PAGE, -1)
            removed, *lists = pipeline.execute()
        return [
            _enveloped((name, int(count or 0) + place), text)
            for name, count, texts in zip(KOMBU_LISTS, removed, lists, strict=True)
            for place, text in enumerate(reversed(texts))
        ]

    def remove(self, keys: Sequence[Any]) -> None:
        for name in KOMBU_LISTS:
            places = [place for list_, place in keys if list_ == name]
            if places:
                self._client.eval(self.REMOVE, 2, name, self.REMOVED, min(places), len(places))


QUEUES: dict[str, Any] = {
    "sqlite": SqliteQueue,
    "postgresql": PostgresQueue,
    "redis": RedisQueue,
    "celery+redis": KombuQueue,
}


def edit_of(body: bytes) -> int:
    """Return the first argument of a call, 0 where it has none."""
    args = json.loads(body)[0]
    return args[0] if args else 0


def _seen(id_: bytes, score: float, value: bytes) -> Seen:
    meta, _, body = value.partition(b"\n")
    *_, entry, fire_time = json.loads(meta.split(b" ", 2)[2])
    return Seen((id_, score), id_.decode(), fire_time, entry, edit_of(body))


def _enveloped(key: Hashable, text: bytes) -> Seen:
    envelope = json.loads(text)
    headers = envelope["headers"]
    fire_time = (datetime.fromisoformat(headers["beatd_fire_time"]) - EPOCH) // timedelta(microseconds=1)
    return Seen(key, headers["id"], fire_time, headers["beatd_entry"], edit_of(b64decode(envelope["body"])))


def record(url: str, file: Path, stopping: Event) -> None:
    """Record until told to stop; after that until nothing is left, for a minute at most."""
    queue: Any = None
    written: set[Hashable] = set()
    deadline = None
    with file.open("a") as traces:
        while True:
            if stopping.is_set() and deadline is None:
                deadline = time.monotonic() + 60
            try:
                queue = queue or QUEUES[url.partition(":")[0]](url)
                found = queue.look()
                write(traces, [each for each in found if each.key not in written])
                written = {each.key for each in found}
                if found:
                    queue.remove([each.key for each in found])
                    written = set()
                elif deadline is not None:
                    return
            except FAILURES:
                queue = None
            if deadline is not None and time.monotonic() > deadline:
                sys.exit(f"the store at {url} does not answer")
            stopping.wait(EACH) if deadline is None else time.sleep(EACH)


def write(traces: Any, found: Sequence[Seen]) -> None:
    arrived = time.time_ns() // 1000
    traces.writelines(f"{arrived}\t{each.id}\t{each.fire_time}\t{each.entry}\t{each.edit}\n" for each in found)
    traces.flush()


if __name__ == "__main__":
    told_to_stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: told_to_stop.set())
    record(sys.argv[1], Path(sys.argv[2]), told_to_stop)
