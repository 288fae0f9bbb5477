"""The libraries under measurement: what is sent with each, what is left of it, how its worker is started."""

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import redis

from benchmarks import peer_redis
from benchmarks.service import NotDoneError

CHILDREN = 2


class Contender(ABC):
    """One library on one store; ``terms`` says what of its settings matters."""

    name: str
    terms: str
    command: tuple[str, ...]
    kept = False
    """Whether what is sent has results that are kept."""

    def __init__(self) -> None:
        self.empty()

    @abstractmethod
    def noop(self) -> None:
        """Send one task that does nothing, as a caller does."""

    @abstractmethod
    def nap(self, seconds: float, label: str) -> None:
        """Send one task that says when it begins, and sleeps."""

    @abstractmethod
    def left(self) -> int:
        """Return how many messages wait or run."""

    @abstractmethod
    def empty(self) -> None:
        """Remove all that it has in its store."""

    def fill(self, count: int) -> None:
        """Send many tasks that do nothing."""
        for _ in range(count):
            self.noop()

    def check(self) -> None:  # noqa: B027  most tell nothing
        """Raise NotDoneError where tasks have ended otherwise than well, as far as the library tells."""

    def environment(self) -> dict[str, str]:
        """Return what its worker's environment has more."""
        return {}

    def close(self) -> None:
        """Empty its store, and close what is open."""
        self.empty()


class CeleryContender(Contender):
    """Celery with late acknowledgement."""

    name, terms = "Celery", "acks_late"
    command = ("celery", "-A", "benchmarks.celery_side", "worker", "-c", str(CHILDREN), "-l", "warning")

    def __init__(self) -> None:
        from benchmarks import celery_side

        self._side = celery_side
        super().__init__()

    def noop(self) -> None:
        """Send it."""
        self._side.noop.delay()

    def nap(self, seconds: float, label: str) -> None:
        """Send it."""
        self._side.nap.delay(seconds, label)

    def fill(self, count: int) -> None:
        """Send many; whether their results are kept is said with each."""
        for _ in range(count):
            self._side.noop.apply_async(ignore_result=not self.kept)

    def left(self) -> int:
        """Return what is in the queue and what is not acknowledged."""
        return self._side.remaining()

    def check(self) -> None:
        """Raise NotDoneError where there is no result that is to be there."""
        results = f"{peer_redis.PREFIX}celery-task-meta-*"
        if self.kept and next(self._side.client().scan_iter(results, count=1000), None) is None:
            raise NotDoneError("Celery kept no results")

    def environment(self) -> dict[str, str]:
        """Return what makes its worker keep results on Redis."""
        return {"BENCH_RESULTS": "1"} if self.kept else {}

    def empty(self) -> None:
        """Delete its keys."""
        self._side.purge()


class DramatiqContender(Contender):
    """Dramatiq, with eight threads in each process, as its users have it who do not say otherwise."""

    name, terms = "Dramatiq", "acknowledges late, 8 threads a process"
    command = ("dramatiq", "benchmarks.worker.dramatiq_side", "--processes", str(CHILDREN))

    def __init__(self) -> None:
        from benchmarks.worker import dramatiq_side

        self._side = dramatiq_side
        super().__init__()

    def noop(self) -> None:
        """Send it."""
        self._side.noop.send()

    def nap(self, seconds: float, label: str) -> None:
        """Send it."""
        self._side.nap.send(seconds, label)

    def left(self) -> int:
        """Return how many messages are not acknowledged."""
        return int(self._side.broker.client.hlen(f"{self._side.NAMESPACE}:default.msgs"))

    def empty(self) -> None:
        """Delete its keys."""
        delete(self._side.broker.client, f"{self._side.NAMESPACE}:*")


class HueyContender(Contender):
    """Huey, which has no acknowledgements: a task is gone from the store when a worker has it."""

    name, terms = "Huey", "no acknowledgement: at most once"
    command = ("huey_consumer", "benchmarks.worker.huey_side.huey", "-w", str(CHILDREN), "-k", "process", "-q", "-n")

    def __init__(self) -> None:
        from benchmarks.worker import huey_side

        self._side = huey_side
        super().__init__()

    def noop(self) -> None:
        """Send it."""
        self._side.noop()

    def nap(self, seconds: float, label: str) -> None:
        """Send it."""
        self._side.nap(seconds, label)

    def left(self) -> int:
        """Return how many no worker has taken."""
        return self._side.huey.storage.queue_size()

    def empty(self) -> None:
        """Delete its keys."""
        storage = self._side.huey.storage
        delete(storage.conn, f"huey.*.{storage.name}*")


PEERS: dict[str, type[Contender]] = {
    "celery": CeleryContender,
    "dramatiq": DramatiqContender,
    "huey": HueyContender,
}


def installed() -> list[str]:
    """Return the peers' packages that are here, and say which are left out."""
    found = [name for name in PEERS if importlib.util.find_spec(name)]
    for name in PEERS:
        print(f"  {name} {version(name)}" if name in found else f"  {name} is not installed: left out")
    return found


@contextmanager
def contending(ours: Contender, peers: list[str]) -> Iterator[list[Contender]]:
    """Yield ours and the peers, each with an empty store, which is emptied at the end."""
    made = [ours]
    try:
        made += [PEERS[name]() for name in peers]
        yield made
    finally:
        for each in made:
            each.close()


def delete(client: "redis.Redis", pattern: str) -> None:
    """Delete the keys that a pattern names, and nothing else."""
    for key in client.scan_iter(pattern, count=1000):
        client.unlink(key)


def has_redis() -> bool:
    """Return whether the Redis to measure on is there."""
    try:
        return bool(redis.Redis.from_url(peer_redis.URL, socket_connect_timeout=2, socket_timeout=10).ping())
    except redis.RedisError:
        return False
