"""A Redis server of the measurement's own, and what comes into its queues."""

import json
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import redis

KEYS = "{beatd:beatd}:"
POLL = 0.001


class Queues:
    """The queues on a server at a port of this machine."""

    def __init__(self, port: int) -> None:
        self.url = f"redis://127.0.0.1:{port}"
        self.client: Any = redis.Redis(port=port)

    def empty(self) -> None:
        """Forget all, also what schedulers know."""
        self.client.flushall()

    def size(self, queue: str) -> int:
        """Return how many messages wait."""
        return int(self.client.zcard(f"{KEYS}ready:{queue}"))

    def first(self, queue: str, *, within: float, poll: float = POLL) -> float | None:
        """Return by the monotonic clock when something came into a queue; None where nothing did in so many seconds."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if self.size(queue):
                return time.monotonic()
            time.sleep(poll)
        return None

    def last(self, queue: str, *, quiet: float) -> float:
        """Return when the last message came, once there was none for so many seconds; 0 if none has come at all."""
        came, known = 0.0, self.size(queue)
        began = time.monotonic()
        while time.monotonic() < max(began, came) + quiet:
            size = self.size(queue)
            if size != known:
                came, known = time.monotonic(), size
            time.sleep(POLL)
        return came

    def holders(self) -> list[str]:
        """Return who holds each part that somebody holds."""
        now = time.time_ns() // 1000
        told = [value.decode().split(" ", 1) for value in self.client.hvals(f"{KEYS}leases")]
        return [holder for until, holder in told if int(until) > now]


class Taker:
    """Takes messages out of a queue, as workers do; notes of each its entry, its fire time and when it came, in µs."""

    def __init__(self, queues: Queues, queue: str) -> None:
        self.taken: list[tuple[str, int, int]] = []
        self._client, self._queue = queues.client, f"{KEYS}ready:{queue}"
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._take_all, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self._thread.join(10)

    def _take_all(self) -> None:
        while not self._leaving.wait(2 * POLL):
            ids = self._client.zrange(self._queue, 0, 499)
            if not ids:
                continue
            now = time.time_ns() // 1000
            for value in self._client.hmget(f"{KEYS}messages", ids):
                *_, entry, fire = json.loads(value.partition(b"\n")[0].split(b" ", 2)[2])
                self.taken.append((entry, fire, now))
            with self._client.pipeline(transaction=True) as pipeline:
                pipeline.zrem(self._queue, *ids)
                pipeline.hdel(f"{KEYS}messages", *ids)
                pipeline.execute()


@contextmanager
def private_queues() -> Iterator[Queues]:
    """Start a server, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="beatd-bench-") as folder:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            queues = Queues(port)
            for _ in range(200):
                try:
                    queues.client.ping()
                    break
                except redis.ConnectionError:
                    time.sleep(0.05)
            yield queues
        finally:
            process.kill()
            process.wait()
