"""beatd on Redis, PostgreSQL and SQLite: a namespace, a schema and a file of this measurement's own."""

import os
from abc import abstractmethod
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

from beatd.config.settings import Settings
from beatd.core.identity import uuid4_of
from beatd.core.message import Message
from beatd.core.protocol import build_message
from beatd.core.states import State
from beatd.wiring import open_broker
from benchmarks import peer_redis
from benchmarks.firing.places import POSTGRES
from benchmarks.service import NotDoneError
from benchmarks.worker import beatd_side
from benchmarks.worker.contenders import CHILDREN, Contender, delete

BATCH = 500
SCHEMA = f"beatd_bench_worker_{peer_redis.RUN}"


class Ours(Contender):
    """beatd; it acknowledges late unless it is told otherwise."""

    name, terms = "beatd", "acknowledges late"

    def __init__(self, url: str) -> None:
        self.url = url
        self._last = ""
        worker = ("beatd", "worker", "-A", "benchmarks.worker.beatd_side", "-c", str(CHILDREN), "-l", "warning")
        self.command = (*worker, "-b", url, "--namespace", beatd_side.NAMESPACE)
        self._settings = Settings(broker=url, namespace=beatd_side.NAMESPACE)
        self.broker = open_broker(self._settings)
        super().__init__()

    def noop(self) -> None:
        """Send it."""
        beatd_side.noop.delay()

    def nap(self, seconds: float, label: str) -> None:
        """Send it."""
        self.send_many([self.message("worker.nap", seconds, label)])

    def fill(self, count: int) -> None:
        """Send many, in batches."""
        self.send_many(self.message("worker.noop", ignored=not self.kept) for _ in range(count))

    def message(self, task: str, *args: object, ignored: bool = True, due: int | None = None) -> Message:
        """Return a message."""
        self._last = uuid4_of(os.urandom(16))
        return build_message(id=self._last, task=task, args=args, ignore_result=ignored, eta=due)

    def send_many(self, messages: Iterable[Message]) -> None:
        """Send all, a few hundred at a time; one request is made while the former is under way."""
        every, former = iter(messages), None
        while part := list(islice(every, BATCH)):
            latest = self.broker.sender.begin_many(part)
            if former is not None:
                former()
            former = latest
        if former is not None:
            former()

    def left(self) -> int:
        """Return how many wait or run."""
        sizes = self.broker.admin.sizes().get("celery", {})
        return sum(sizes.get(state, 0) for state in ("ready", "delayed", "claimed"))

    def check(self) -> None:
        """Raise NotDoneError where there are dead letters, or where the last has no result that is to have one."""
        if dead := self.broker.admin.sizes().get("celery", {}).get("dead", 0):
            raise NotDoneError(f"{dead} of beatd's tasks are dead letters")
        stored = self.broker.outcomes.get(self._last) if self.kept else None
        if self.kept and (stored is None or stored.state is not State.SUCCESS):
            raise NotDoneError(f"beatd's last task has no result, or another one: {stored}")

    def empty(self) -> None:
        """Remove all, and open anew what is to be made again."""
        self.broker.close()
        self.remove()
        self.broker = open_broker(self._settings)

    def close(self) -> None:
        """Close, and remove all."""
        self.broker.close()
        self.remove()

    @abstractmethod
    def remove(self) -> None:
        """Remove all, once nobody uses it."""


class OnRedis(Ours):
    """On the Redis that the peers are on."""

    def __init__(self) -> None:
        self._client = redis.Redis.from_url(peer_redis.URL, socket_connect_timeout=2, socket_timeout=60)
        super().__init__(peer_redis.URL)

    def remove(self) -> None:
        """Delete the namespace's keys."""
        delete(self._client, f"{{beatd:{beatd_side.NAMESPACE}}}:*")


class OnPostgres(Ours):
    """On a PostgreSQL server."""

    name = "beatd on PostgreSQL"

    def __init__(self) -> None:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
        super().__init__(f"{POSTGRES}{'&' if urlsplit(POSTGRES).query else '?'}schema={SCHEMA}")

    def remove(self) -> None:
        """Drop the schema."""
        with psycopg.connect(POSTGRES, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE".encode())


class OnSqlite(Ours):
    """In a file."""

    name = "beatd on SQLite"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "worker.db"
        super().__init__(f"sqlite:///{self._path}")

    def remove(self) -> None:
        """Delete the file."""
        for ending in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
