"""What lies in a store on which no worker runs, read with no code of beatd's."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid5

import psycopg
import redis

BEATD = UUID("0783e573-7f08-5e07-aaff-d019ebc8fbd9")
KEYS = "{beatd:beatd}:"


@dataclass
class Ledger:
    """``sent``: (id, entry, fire time) of each message in the queue; ``records``: (since, cursor) by name."""

    sent: list[tuple[str, str, int]]
    records: dict[str, tuple[int, int]]

    def problems(self, period: int) -> list[str]:
        """Say what is not as it must be where each entry fires at each multiple of ``period`` microseconds."""
        fires: dict[str, list[int]] = {name: [] for name in self.records}
        problems = []
        for message_id, entry, fire in self.sent:
            fires[entry].append(fire)
            if message_id != str(uuid5(BEATD, f"beatd\n1\n{fire}\n{entry}")):
                problems.append(f"{entry} {fire} has a wrong id: {message_id}")
        for name, (since, cursor) in self.records.items():
            expected = list(range((since // period + 1) * period, cursor + 1, period))
            if sorted(fires[name]) != expected:
                problems.append(f"{name}: sent {sorted(fires[name])} of {expected}")
        return problems


def read_ledger(url: str) -> Ledger:
    """Read the store at ``url``, of one version of each entry."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return _read_sql(connection)
    if url.startswith("postgresql"):
        place, _, query = url.partition("?")
        schema = parse_qs(query).get("schema", ["public"])[0]
        with psycopg.connect(place, options=f"-c search_path={schema}") as server:
            return _read_sql(server)
    with redis.Redis.from_url(url) as client:
        return _read_redis(client)


def _read_sql(connection: Any) -> Ledger:
    sent = [tuple(row) for row in connection.execute("SELECT id, entry, fire_time FROM beatd_messages")]
    records = connection.execute("SELECT name, since, cursor FROM beatd_entries")
    return Ledger(sent, {name: (since, cursor) for name, since, cursor in records})


def _read_redis(client: Any) -> Ledger:
    ledger = Ledger([], {})
    for message_id, value in client.hgetall(f"{KEYS}messages").items():
        *_, entry, fire = json.loads(value.split(b"\n")[0].split(b" ", 2)[2])
        ledger.sent.append((message_id.decode(), entry, fire))
    for name, value in client.hgetall(f"{KEYS}records").items():
        *_, cursor, rest = value.split(b" ", 4)
        ledger.records[name.decode()] = json.loads(rest)[2], int(cursor)
    return ledger
