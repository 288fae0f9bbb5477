"""What a broker says became of its messages, read from its tables and keys with no code of beatd's."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg
import redis

from tests.faults.evidence import KEYS


class End(NamedTuple):
    """How a message ended, and when: ``moment`` in microseconds, of when its last run ended or it was not to be run."""

    state: str
    reason: str
    moment: int
    is_dead: bool

    def __str__(self) -> str:
        """Return it in one word, or two."""
        if self.state == "SUCCESS":
            return "done"
        if self.state == "REVOKED":
            return "expired" if self.reason == "expired" else "revoked"
        if not self.is_dead:
            return "failed"
        return "dead" if self.reason.startswith("delivered") else "given up"


@dataclass
class Account:
    """``waiting``: by id, what waits or runs and where it stands; ``ends``: of what has ended."""

    waiting: dict[str, str] = field(default_factory=dict)
    ends: dict[str, End] = field(default_factory=dict)

    def take(self, messages: dict[str, str], results: dict[str, tuple[str, str | None, int]]) -> "Account":
        self.waiting = {id_: state for id_, state in messages.items() if state != "dead"}
        for id_, (state, reason, moment) in results.items():
            if id_ not in self.waiting:
                self.ends[id_] = End(state, reason or "", moment, id_ in messages)
        return self


def read_account(url: str) -> Account:
    """Read the broker at ``url``; messages and results as they were at one moment."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        with closing(sqlite3.connect(f"file:{rest.removeprefix('/')}?mode=ro", uri=True, timeout=10)) as connection:
            connection.execute("BEGIN")
            return _read_sql(connection)
    if scheme == "postgresql":
        with psycopg.connect(url) as server:
            server.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            return _read_sql(server)
    with redis.Redis.from_url(url) as client:
        return _read_redis(client)


def count_waiting(url: str) -> int:
    """Return how many messages wait or run."""
    scheme, _, rest = url.partition("://")
    living = "SELECT count(*) FROM beatd_messages WHERE state <> 'dead'"
    if scheme == "sqlite":
        with closing(sqlite3.connect(f"file:{rest.removeprefix('/')}?mode=ro", uri=True, timeout=10)) as connection:
            return int(connection.execute(living).fetchone()[0])
    if scheme == "postgresql":
        with psycopg.connect(url) as server:
            return int(server.execute(living).fetchone()[0])
    with redis.Redis.from_url(url) as client, client.pipeline(transaction=True) as pipeline:
        pipeline.hlen(f"{KEYS}messages")
        pipeline.zcard(f"{KEYS}dead:celery")
        messages, dead = pipeline.execute()
        return int(messages - dead)


def _read_sql(connection: Any) -> Account:
    messages = dict(connection.execute("SELECT id, state FROM beatd_messages").fetchall())
    told = connection.execute("SELECT message_id, state, reason, finished_at FROM beatd_results").fetchall()
    return Account().take(messages, {id_: tuple(rest) for id_, *rest in told})


def _read_redis(client: Any) -> Account:
    with client.pipeline(transaction=True) as pipeline:
        pipeline.hkeys(f"{KEYS}messages")
        pipeline.hgetall(f"{KEYS}taken")
        pipeline.hgetall(f"{KEYS}results")
        ids, taken, results = pipeline.execute()
    stands = {"c": "claimed", "w": "waiting", "x": "dead"}
    messages = {id_.decode(): stands[taken.get(id_, b"w")[:1].decode()] for id_ in ids}
    found = {}
    for id_, value in results.items():
        state, _, finished_at, reason = json.loads(value.split(b"\n")[1])
        found[id_.decode()] = (state, reason, finished_at)
    return Account().take(messages, found)
