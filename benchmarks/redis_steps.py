"""Fires a second through the Redis driver's step, beside a bare loop around one Lua script; claims and settlements.

Run by ``python -m benchmarks.redis_steps [URL]``; uses a namespace of its own, emptied afterwards.
"""

import random
import sys
import time
from collections.abc import Callable
from statistics import median

import redis

from beatd.brokers.redis import RedisReceiver, RedisSender
from beatd.clock import SystemClock
from beatd.core.entry import Draft, Entry
from beatd.core.identity import message_id
from beatd.core.message import Message
from beatd.core.protocol import build_message
from beatd.core.record import Answer, Emission, Item, Record
from beatd.core.states import Outcome, State, Verdict
from beatd.rediskit.messages import packed
from beatd.rediskit.server import Server
from beatd.stores.redis import RedisDefinitions, RedisRecords
from benchmarks.firing.bare import BATCH, SCRIPT

ENTRIES, FIRES, TASKS, ROUNDS = 10_000, 40_000, 5_000, 3
SECOND = 1_000_000


class Bench:
    """One namespace on one server."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url)
        self.server = Server(url, "bench", SystemClock())
        self.clock, self.second = self.server.clock, 1_800_000_000 * SECOND
        self.names = [f"entry {number}" for number in range(ENTRIES)]
        self.bare = self.client.register_script(SCRIPT)
        self.bare_seqs = dict.fromkeys(self.names, "0")

    def define(self) -> None:
        """Make the set and its records."""
        self.empty()
        definitions = RedisDefinitions(self.server, self.clock)
        entries = [Entry(name=name, task="bench.noop", schedule="every 1s") for name in self.names]
        definitions.apply([Draft(name=entry.name, place="bench", entry=entry) for entry in entries], holder="bench")
        self.records = {name: _record(0) for name in self.names}
        items = [Item(name=name, expected=None, record=record) for name, record in self.records.items()]
        RedisRecords(self.server, self.clock).step(items)

    def empty(self) -> None:
        """Remove every key of the namespace."""
        for key in self.client.scan_iter(f"{self.server.prefix}*", count=1000):
            self.client.unlink(key)

    def bare_loop(self) -> float:
        """Return the fires a second of the bare loop; what it sends is built beforehand."""
        body = packed(self._message(self.names[0]))

        def step(names: list[str]) -> None:
            words: list[str | bytes] = []
            for name in names:
                seq = str(random.getrandbits(63))
                words += (name, self.bare_seqs[name], f"{seq} 1 0 0 [1,5,0,0,null,null,null]", body)
                self.bare_seqs[name] = seq
            self.bare(keys=[f"{self.server.prefix}bare:"], args=words)

        return self._rate(lambda names: names, step)

    def steps(self, history: str) -> float:
        """Return the fires a second through ``Records.step``; the items are built beforehand."""
        records = RedisRecords(self.server, self.clock, history)
        return self._rate(self._items, lambda items: [self._check(item) for item in records.step(items)])

    def tasks(self, batch: int) -> float:
        """Return the claims and settlements a second of one worker's connection, without results."""
        sender, receiver = RedisSender(self.server, self.clock), RedisReceiver(self.server, self.clock)
        sent = [build_message(id=f"{batch}-{number}-{time.time_ns()}", task="bench.noop") for number in range(TASKS)]
        for at in range(0, TASKS, 500):
            sender.send_many(sent[at : at + 500])
        done, outcome = 0, Outcome(verdict=Verdict.DONE, state=State.SUCCESS, keep=False)
        begun = time.perf_counter()
        while deliveries := receiver.claim([sent[0].queue], owner="w", limit=batch, lease=60 * SECOND):
            done += sum(receiver.settle(delivery, outcome) for delivery in deliveries)
        return done / (time.perf_counter() - begun)

    def _rate(self, build: Callable[[list[str]], list], step: Callable[[list], object]) -> float:
        done, spent, at = 0, 0.0, 0
        while done < FIRES:
            names = self.names[at : at + BATCH]
            at = (at + BATCH) % ENTRIES if at + BATCH < ENTRIES else 0
            self.second += SECOND if at == 0 else 0
            given = build(names)
            begun = time.perf_counter()
            step(given)
            spent += time.perf_counter() - begun
            done += len(names)
        return done / spent

    def _items(self, names: list[str]) -> list[Item]:
        items = []
        for name in names:
            former, self.records[name] = self.records[name], _record(self.second)
            emissions = (Emission(self.second, self._message(name)),)
            items.append(Item(name=name, expected=former.seq, record=self.records[name], emissions=emissions))
        return items

    def _message(self, name: str) -> Message:
        told = {"entry": name, "fire_time": self.second, "queue": "fires"}
        return build_message(id=message_id("bench", name, 1, self.second), task="bench.noop", **told)

    def _check(self, answer: Answer) -> None:
        if not answer.stored:
            raise AssertionError(answer)


def _record(cursor: int) -> Record:
    return Record(seq=random.getrandbits(63), generation=1, version=1, fingerprint=5, since=0, cursor=cursor)


def main() -> None:
    """Print the figures of a few rounds, and their medians."""
    bench = Bench(sys.argv[1] if len(sys.argv) > 1 else "redis://127.0.0.1:6379/14")
    rows = []
    try:
        for _ in range(ROUNDS):
            bench.define()
            bench.bare_seqs = dict.fromkeys(bench.names, "0")
            rows.append((bench.bare_loop(), bench.steps("exceptions"), bench.steps("all")))
            print(*(f"{rate:>10,.0f}" for rate in rows[-1]), flush=True)
        bare, exceptions, everything = (median(column) for column in zip(*rows, strict=True))
        print(f"fires/s, batches of {BATCH}: bare loop {bare:,.0f}; step {exceptions:,.0f} ({exceptions / bare:.0%}), ")
        print(f"  with history `all` {everything:,.0f} ({everything / bare:.0%})")
        for batch in (1, 8, 32):
            print(f"claims and settlements/s, batches of {batch}: {median(bench.tasks(batch) for _ in range(3)):,.0f}")
    finally:
        bench.empty()


if __name__ == "__main__":
    main()
