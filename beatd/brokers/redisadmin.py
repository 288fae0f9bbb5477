"""Queues and workers on a Redis server, as people ask about them."""

from collections.abc import Sequence

import msgspec

from beatd.brokerports import WorkerInfo
from beatd.ports import Clock
from beatd.rediskit.server import Server

_STATES = ("ready", "delayed", "claimed", "dead")

_WORKER = msgspec.json.Decoder(WorkerInfo)


class RedisQueueAdmin:
    """The port ``QueueAdmin``; ``workers`` holds what each told, ``workers:until`` when it is forgotten."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    def sizes(self) -> dict[str, dict[str, int]]:
        """Return per queue how many messages are ready, delayed, claimed and dead."""
        found = sorted(self._server.run("sizes"))
        return {queue.decode(): dict(zip(_STATES, counts, strict=True)) for queue, *counts in found}

    def ready(self, queues: Sequence[str], most: int) -> int:
        """Return how many messages of these queues are ready, ``most`` at most."""
        sizes = self.sizes()
        return min(most, sum(sizes[queue]["ready"] for queue in set(queues) if queue in sizes))

    def report(self, worker: WorkerInfo, *, ttl: int) -> None:
        """Say that a worker is alive; forgotten after ``ttl`` microseconds."""
        self._server.command("HSET", self._told, worker.worker, msgspec.json.encode(worker))
        self._server.command("ZADD", self._until, self._clock.now() + ttl, worker.worker)

    def retire(self, worker: str) -> None:
        """Forget a worker that stopped, and those whose time has passed."""
        gone = self._server.command("ZRANGEBYSCORE", self._until, "-inf", self._clock.now())
        self._server.command("HDEL", self._told, worker, *gone)
        self._server.command("ZREM", self._until, worker, *gone)

    def workers(self) -> list[WorkerInfo]:
        """Return the live workers."""
        names = self._server.command("ZRANGEBYSCORE", self._until, f"({self._clock.now()}", "+inf")
        told = self._server.command("HMGET", self._told, *names) if names else []
        return sorted((_WORKER.decode(each) for each in told if each), key=lambda info: info.worker)

    @property
    def _told(self) -> str:
        return f"{self._server.prefix}workers"

    @property
    def _until(self) -> str:
        return f"{self._server.prefix}workers:until"
