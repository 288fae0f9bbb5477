"""The least that firing can be on each store: a loop that moves records by compare-and-set and inserts messages.

No schedule, no policy, no history kept in order: what it sends is made beforehand, but for the numbers of the records.
A step is 256 fires, as the scheduler's are.
"""

import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from itertools import islice
from uuid import uuid4

import psycopg
import redis

from beatd.core.protocol import build_message
from beatd.rediskit.messages import packed
from benchmarks.firing.places import POSTGRES, PREFIX, SCHEMA, Place, PostgresPlace, RedisPlace, SqlitePlace

BATCH = 256
MESSAGE = build_message(id=str(uuid4()), task="bench.noop", kwargs={"number": 1}, entry="entry-1", fire_time=1)
BODY = packed(MESSAGE)
Step = Callable[[Sequence[tuple[str, int, int]]], None]
"""(name, expected seq, new seq) of each item → carried out."""

SCRIPT = """
local names = {}
for index = 1, #ARGV, 4 do names[#names + 1] = ARGV[index] end
local records = redis.call('HMGET', KEYS[1] .. 'records', unpack(names))
for index = 1, #ARGV, 4 do
  local record = records[(index + 3) / 4]
  if (record and string.match(record, '^%d+') or '0') == ARGV[index + 1] then
    redis.call('HSET', KEYS[1] .. 'records', ARGV[index], ARGV[index + 2])
    local id = ARGV[index] .. ' ' .. ARGV[index + 1]
    if redis.call('HSETNX', KEYS[1] .. 'messages', id, ARGV[index + 3]) == 1 then
      redis.call('RPUSH', KEYS[1] .. 'queue', id)
    end
  end
end
"""

TABLES = (
    "CREATE TABLE {0}records (name TEXT PRIMARY KEY, seq BIGINT NOT NULL, at BIGINT NOT NULL){1}",
    "CREATE TABLE {0}messages (id TEXT PRIMARY KEY, queue TEXT NOT NULL, body {2} NOT NULL)",
    "CREATE TABLE {0}fires (name TEXT NOT NULL, at BIGINT NOT NULL, id TEXT NOT NULL)",
)

# One statement does all of it: what was not as expected inserts nothing.
STATEMENT = """
WITH given AS (SELECT * FROM unnest(%b::text[], %b::bigint[], %b::bigint[], %b::text[], %b::bytea[])
    AS g(name, expected, seq, id, body)),
  moved AS (UPDATE bare_records r SET seq = g.seq, at = r.at + 1 FROM given g
    WHERE r.name = g.name AND r.seq = g.expected RETURNING g.name, r.at, g.id, g.body),
  sent AS (INSERT INTO bare_messages SELECT id, 'celery', body FROM moved ON CONFLICT DO NOTHING)
INSERT INTO bare_fires SELECT name, at, id FROM moved
"""


def rate(place: Place, entries: int, fires: int) -> float:
    """Return the fires a second of the bare loop on this store."""
    made: dict[type[Place], Callable[[Place, list[str]], Step]] = {
        RedisPlace: _redis,
        PostgresPlace: _postgres,
        SqlitePlace: _sqlite,
    }
    names = [f"entry-{number}" for number in range(entries)]
    place.empty()
    step = made[type(place)](place, names)
    seqs, spent, done = dict.fromkeys(names, 0), 0.0, 0
    while done < fires:
        every = iter(names)
        while part := list(islice(every, BATCH)):
            begun = time.perf_counter()
            items = [(name, seqs[name], random.getrandbits(63)) for name in part]
            step(items)
            seqs.update((name, seq) for name, _, seq in items)
            spent += time.perf_counter() - begun
        done += entries
        place.take_messages()
    place.empty()
    return done / spent


def _redis(place: Place, _names: list[str]) -> Step:
    client = redis.Redis.from_url(place.url)
    script = client.register_script(SCRIPT)

    def step(items: Sequence[tuple[str, int, int]]) -> None:
        words: list[str | bytes] = []
        for name, expected, seq in items:
            words += (name, str(expected or "0"), f"{seq} 1 0 0 [1,5,0,0,null,null,null]", BODY)
        script(keys=[PREFIX], args=words)

    return step


def _postgres(_place: Place, names: list[str]) -> Step:
    connection = psycopg.connect(POSTGRES, autocommit=True)
    connection.execute(f"CREATE SCHEMA {SCHEMA}".encode())
    connection.execute(f"SET search_path TO {SCHEMA}".encode())
    for table in TABLES:
        connection.execute(table.format("bare_", " WITH (fillfactor = 70)", "BYTEA").encode())
    connection.execute("INSERT INTO bare_records SELECT unnest(%b::text[]), 0, 0", [names])

    def step(items: Sequence[tuple[str, int, int]]) -> None:
        columns = [list(column) for column in zip(*items, strict=True)]
        ids = [str(uuid4()) for _ in items]
        connection.execute(STATEMENT, [*columns, ids, [BODY] * len(items)])

    return step


def _sqlite(place: Place, names: list[str]) -> Step:
    connection = sqlite3.connect(place.url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    for table in TABLES:
        connection.execute(table.format("", "", "BLOB"))
    connection.executemany("INSERT INTO records VALUES (?, 0, 0)", [(name,) for name in names])

    def step(items: Sequence[tuple[str, int, int]]) -> None:
        ids = [str(uuid4()) for _ in items]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "UPDATE records SET seq = ?, at = at + 1 WHERE name = ? AND seq = ?",
            [(seq, name, expected) for name, expected, seq in items],
        )
        connection.executemany("INSERT INTO messages VALUES (?, 'celery', ?)", [(each, BODY) for each in ids])
        rows = [(name, seq, each) for (name, _, seq), each in zip(items, ids, strict=True)]
        connection.executemany("INSERT INTO fires VALUES (?, ?, ?)", rows)
        connection.execute("COMMIT")

    return step
