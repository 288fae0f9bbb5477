"""The stores that are fired into: a namespace or schema of the measurement's own, emptied before and after it.

REDIS_BENCH_URL and POSTGRES_BENCH_URL name other servers than the local ones.
"""

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

REDIS = os.environ.get("REDIS_BENCH_URL", "redis://127.0.0.1:6379/14")
POSTGRES = os.environ.get("POSTGRES_BENCH_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
NAMESPACE = "bench-firing"
SCHEMA = "beatd_bench"
PREFIX = f"{{beatd:{NAMESPACE}}}:"
QUEUE = "celery"


class Place(ABC):
    """One store; ``url`` is what beatd is given."""

    name: str
    url: str

    @abstractmethod
    def empty(self) -> None:
        """Remove all that was written."""

    @abstractmethod
    def take_messages(self) -> None:
        """Take off what workers would have taken by now, where it would fill the memory."""


class RedisPlace(Place):
    """A namespace on a Redis server."""

    name = "Redis"

    def __init__(self) -> None:
        self.url = REDIS
        self._client = redis.Redis.from_url(REDIS, socket_connect_timeout=2, socket_timeout=60)
        self._client.ping()

    def empty(self) -> None:
        """Remove the namespace."""
        batch: list[bytes] = []
        for key in self._client.scan_iter(f"{PREFIX}*", count=1000):
            batch.append(key)
            if len(batch) == 1000:
                self._client.unlink(*batch)
                batch.clear()
        if batch:
            self._client.unlink(*batch)

    def take_messages(self) -> None:
        """Remove the messages."""
        self._client.unlink(f"{PREFIX}messages", f"{PREFIX}ready:{QUEUE}", f"{PREFIX}wake:{QUEUE}")


class PostgresPlace(Place):
    """A schema on a PostgreSQL server."""

    name = "PostgreSQL"

    def __init__(self) -> None:
        self.url = f"{POSTGRES}{'&' if urlsplit(POSTGRES).query else '?'}schema={SCHEMA}"
        psycopg.connect(POSTGRES, connect_timeout=2).close()

    def empty(self) -> None:
        """Drop the schema, and leave the server no writing to do that the next round would pay for."""
        with psycopg.connect(POSTGRES, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE".encode())
            connection.execute("CHECKPOINT")

    def take_messages(self) -> None:
        """Do nothing: they lie on the disk."""


class SqlitePlace(Place):
    """A file."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "firing.db"
        self.url = f"sqlite:///{self.path}"

    def empty(self) -> None:
        """Delete the file."""
        for ending in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)

    def take_messages(self) -> None:
        """Do nothing: they lie on the disk."""


@contextmanager
def open_places() -> Iterator[list[Place]]:
    """Yield the stores that are there, empty, and empty them at the end."""
    with tempfile.TemporaryDirectory(prefix="beatd-bench-") as folder:
        found: list[Place] = []
        for kind, server in ((RedisPlace, REDIS), (PostgresPlace, POSTGRES)):
            try:
                found.append(kind())
            except (redis.RedisError, psycopg.Error) as error:
                print(f"no {kind.name} at {urlsplit(server).hostname}: left out ({type(error).__name__})")
        found.append(SqlitePlace(Path(folder)))
        for place in found:
            place.empty()
        try:
            yield found
        finally:
            for place in found:
                place.empty()
