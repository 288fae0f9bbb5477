"""The drivers under test, and short ways to build what the ports speak of.

The tests beside this file use nothing but ports and these fixtures, so that another driver is one more parameter.
"""

import itertools
import os
import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from beatd.brokers.redis import RedisLimits, RedisPauses, RedisQueueAdmin, RedisReceiver, RedisSender
from beatd.brokers.sql import SqlLimits, SqlPauses, SqlQueueAdmin, SqlReceiver, SqlSender
from beatd.clock import SystemClock
from beatd.core.entry import DAY, Draft, Entry
from beatd.core.identity import message_id
from beatd.core.message import Message
from beatd.core.record import Disposition, Emission, Item, Reason, Record
from beatd.core.states import Outcome, State, Verdict
from beatd.ports import Clock
from beatd.rediskit.kombu import KombuLayout
from beatd.rediskit.layout import OWN, Layout
from beatd.rediskit.server import Server
from beatd.results.celery import CeleryOutcomes
from beatd.results.redis import RedisOutcomes
from beatd.results.sql import SqlOutcomes
from beatd.sqlkit.database import open_database
from beatd.stores.redis import (
    RedisBackfills,
    RedisDefinitions,
    RedisHistory,
    RedisLeases,
    RedisPast,
    RedisRecords,
    RedisRepairs,
)
from beatd.stores.sql import (
    SqlBackfills,
    SqlDefinitions,
    SqlHistory,
    SqlLeases,
    SqlPast,
    SqlRecords,
    SqlRepairs,
)
from tests.servers.postgresql import postgres_schema
from tests.servers.redis import private_redis

SECOND = 1_000_000
START = 1_800_000_000 * SECOND


class ManualClock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> int:
        return self.moment

    def elapsed(self) -> int:
        return self.moment

    def advance(self, seconds: float) -> int:
        self.moment += int(seconds * SECOND)
        return self.moment


class Driver:
    """One store with every port on it."""

    shares_parts = False
    lacks: frozenset[str] = frozenset()
    """What the layout of messages cannot do; the tests that ask for it assert what happens instead."""

    def __init__(self, url: str, clock: Clock, namespace: str = "tests") -> None:
        self.db = open_database(url)
        self.url, self.clock, self.namespace = url, clock, namespace
        self._bind(namespace)

    def _bind(self, namespace: str) -> None:
        given = (self.db, namespace, self.clock)
        self.records, self.definitions, self.leases = SqlRecords(*given), SqlDefinitions(*given), SqlLeases(*given)
        self.history, self.outcomes, self.limits = SqlHistory(*given), SqlOutcomes(*given), SqlLimits(*given)
        self.past, self.backfills, self.repairs = SqlPast(*given), SqlBackfills(*given), SqlRepairs(*given)
        self.sender, self.receiver, self.admin = SqlSender(*given), SqlReceiver(*given), SqlQueueAdmin(*given)
        self.pauses = SqlPauses(self.db, namespace)

    def define(self, *names: str) -> None:
        """Make the first revision: a record is made only for a name whose first version the store holds."""
        entries = [Entry(name=name, task="shop.add", schedule="every 1m") for name in names]
        self.definitions.apply(
            [Draft(name=entry.name, place="prod.toml:3", entry=entry) for entry in entries], holder="h"
        )

    def keeping(self, history: str) -> SqlRecords:
        return SqlRecords(self.db, self.namespace, self.clock, history)

    def backfilling(self, history: str) -> SqlBackfills:
        return SqlBackfills(self.db, self.namespace, self.clock, history)

    def within(self, namespace: str) -> "Driver":
        other = Driver.__new__(Driver)
        other.db, other.url, other.clock, other.namespace = self.db, self.url, self.clock, namespace
        other._bind(namespace)
        return other


class RedisDriver(Driver):
    """Every port on one namespace of a Redis server."""

    shares_parts = True
    layout: Layout = OWN

    def __init__(self, url: str, clock: Clock, namespace: str = "tests") -> None:
        self.url, self.clock, self.namespace = url, clock, namespace
        self.db = Server(url, namespace, SystemClock(), layout=self.layout)
        self._bind(namespace)

    def _bind(self, namespace: str) -> None:
        server, clock = self.db, self.clock
        self.records, self.leases = RedisRecords(server, clock, "all"), RedisLeases(server, clock)
        self.definitions, self.history = RedisDefinitions(server, clock), RedisHistory(server, clock)
        self.past, self.repairs = RedisPast(server, clock), RedisRepairs(server, clock)
        self.backfills = RedisBackfills(server, clock, "all")
        self.outcomes, self.limits = RedisOutcomes(server), RedisLimits(server, clock)
        self.sender, self.receiver = RedisSender(server, clock, "all"), RedisReceiver(server, clock)
        self.admin, self.pauses = RedisQueueAdmin(server, clock), RedisPauses(server)

    def keeping(self, history: str) -> RedisRecords:
        return RedisRecords(self.db, self.clock, history)

    def backfilling(self, history: str) -> RedisBackfills:
        return RedisBackfills(self.db, self.clock, history)

    def within(self, namespace: str) -> "RedisDriver":
        return type(self)(self.url, self.clock, namespace)


class KombuDriver(RedisDriver):
    """The same, with messages in kombu's lists."""

    lacks = frozenset({"ends", "ids that wait", "delays at once", "ten priorities", "queues of a namespace"})
    layout = KombuLayout(keyprefix="tests:", result_keyprefix="tests:", result_lasts=DAY)

    def _bind(self, namespace: str) -> None:
        super()._bind(namespace)
        self.outcomes = CeleryOutcomes(self.db, self.layout.results)


def _sqlite(folder: Path, clock: Clock) -> Iterator[Driver]:
    yield from _closing(Driver(f"sqlite:///{folder}/beatd.db", clock))


def _memory(_folder: Path, clock: Clock) -> Iterator[Driver]:
    yield from _closing(Driver("memory://", clock))


def _postgresql(_folder: Path, clock: Clock) -> Iterator[Driver]:
    with postgres_schema() as url:
        made = Driver(url, clock)
        made.shares_parts = True
        yield from _closing(made)


def _redis(folder: Path, clock: Clock, kind: type[RedisDriver] = RedisDriver) -> Iterator[Driver]:
    with private_redis(folder) as start:
        yield from _closing(kind(start().url, clock))


def _closing(made: Driver) -> Iterator[Driver]:
    yield made
    made.db.close()


DRIVERS: dict[str, Callable[[Path, Clock], Iterator[Driver]]] = {
    "sqlite": _sqlite,
    "memory": _memory,
    "postgresql": _postgresql,
    "redis": _redis,
    "celery+redis": partial(_redis, kind=KombuDriver),
}
SHARED = [name for name in DRIVERS if name != "memory"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Driver]:
    yield from DRIVERS[request.param](tmp_path, clock)


@pytest.fixture(params=SHARED)
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Driver]:
    """A driver whose store several processes can open, on the real clock."""
    yield from DRIVERS[request.param](tmp_path, SystemClock())


@pytest.fixture
def ends_are_seen(request: pytest.FixtureRequest) -> None:
    """Skip a test of what follows from ends where the store says that it does not see them."""
    driver = request.getfixturevalue("driver" if "driver" in request.fixturenames else "shared")
    if "ends" in driver.lacks:
        assert driver.records.sees_finish is False
        pytest.skip("Celery's workers tell of no ends: entries that need to know of them are quarantined")


class Make:
    """Short ways to values; each call makes another id."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._random = random.SystemRandom()  # a fork must not repeat what its parent draws

    def message(self, **fields: object) -> Message:
        number = next(self._numbers)
        given = {"id": f"m{number}", "task": "shop.add", "queue": "celery", "body": b"[[1],{},{}]", "priority": 0}
        return Message(**{**given, "headers": {"task": "shop.add", "retries": 0}, **fields})

    def record(self, **fields: object) -> Record:
        given = {"generation": 1, "version": 1, "fingerprint": 5, "since": 0, "cursor": 0}
        return Record(**{"seq": self._random.getrandbits(63), **given, **fields})

    def emission(self, name: str, fire_time: int, **fields: object) -> Emission:
        told = {"id": message_id("tests", name, 1, fire_time), "entry": name, "fire_time": fire_time, **fields}
        return Emission(fire_time, self.message(**told))

    def item(self, name: str, former: Record | None = None, **fields: object) -> Item:
        record = self.record(**{key: fields.pop(key) for key in list(fields) if key in Record.__slots__})
        return Item(name=name, expected=former.seq if former else None, record=record, **fields)

    def firing(self, name: str, former: Record | None, fire_time: int, **fields: object) -> Item:
        return self.item(name, former, cursor=fire_time, emissions=(self.emission(name, fire_time, **fields),))

    def disposition(self, name: str, first: int, last: int | None, count: int | None, reason: str) -> Disposition:
        return Disposition(name, 1, 1, Reason(reason), first, last, count)

    def draft(self, name: str, schedule: str = "every 1m", **fields: object) -> Draft:
        entry = Entry(name=name, task="shop.add", schedule=schedule, **fields)
        return Draft(name=name, place="prod.toml:3", entry=entry)

    def drafts(self, *names: str, schedule: str = "every 1m") -> list[Draft]:
        return [self.draft(name, schedule) for name in names]

    def outcome(self, verdict: str = "done", state: str = "SUCCESS", **fields: object) -> Outcome:
        return Outcome(verdict=Verdict(verdict), state=State(state), **fields)


@pytest.fixture
def make() -> Make:
    return Make()


@dataclass
class Child:
    """A forked process running a function; its return value comes back as text."""

    pid: int
    pipe: int
    ended: bool = False

    def kill(self) -> None:
        if self.ended:
            return
        self.ended = True
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.pipe)

    def result(self) -> str:
        self.ended = True
        with os.fdopen(self.pipe) as pipe:
            text = pipe.read()
        _, status = os.waitpid(self.pid, 0)
        assert status == 0, text
        return text


@pytest.fixture
def fork() -> Iterator[Callable[[Callable[[], object]], Child]]:
    children: list[Child] = []

    def start(function: Callable[[], object]) -> Child:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writer)
            children.append(Child(pid, reader))
            return children[-1]
        code = 1
        try:
            os.write(writer, str(function()).encode())
            code = 0
        except BaseException as error:  # noqa: BLE001  whatever it is, the parent's test shows it
            os.write(writer, repr(error).encode())
        finally:
            os._exit(code)

    yield start
    for child in children:
        child.kill()


@pytest.fixture
def claimed(driver: Driver) -> Callable[..., list[str]]:
    """Claim from the queue ``celery`` and return the ids."""

    def claim(limit: int = 10, owner: str = "w1", queues: tuple[str, ...] = ("celery",)) -> list[str]:
        taken = driver.receiver.claim(queues, owner=owner, limit=limit, lease=30 * SECOND)
        return [delivery.message.id for delivery in taken]

    return claim
