"""Celery as its users set it up: Redis as broker, the default scheduler, the same empty task acknowledged late.

``celery -A benchmarks.celery_side``. BENCH_ENTRIES: so many interval entries each 100 ms, or BENCH_INTERVAL seconds.
BENCH_SENT: a file that takes the moment of each sending by beat. BENCH_RESULTS: keep results, on Redis too.
"""

import os
import time
from pathlib import Path
from typing import Any

import redis
from celery import Celery
from celery.signals import before_task_publish

from benchmarks.peer_redis import PREFIX, URL
from benchmarks.worker.marks import mark

RESULTS = "BENCH_RESULTS" in os.environ
INTERVAL = float(os.environ.get("BENCH_INTERVAL", "0.1"))

app = Celery("bench", broker=URL, backend=URL if RESULTS else None)
app.conf.update(
    broker_transport_options={"global_keyprefix": PREFIX},
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    task_ignore_result=not RESULTS,
    result_backend_transport_options={"global_keyprefix": PREFIX},
    redbeat_redis_url=URL,
    redbeat_key_prefix=f"{PREFIX}redbeat:",
    beat_schedule={
        f"entry-{number}": {"task": "bench.noop", "schedule": INTERVAL, "args": (), "kwargs": {"number": number}}
        for number in range(int(os.environ.get("BENCH_ENTRIES", "0")))
    },
)

if "BENCH_SENT" in os.environ:
    sent = Path(os.environ["BENCH_SENT"]).open("a", buffering=1)  # noqa: SIM115  open as long as beat runs

    @before_task_publish.connect
    def note(body: tuple[Any, dict[str, int], Any], **_: object) -> None:
        """Write down which entry is being sent, and when."""
        sent.write(f"{body[1]['number']} {time.monotonic_ns()}\n")


@app.task(name="bench.noop")
def noop(number: int = 0) -> None:
    """Do nothing."""


@app.task(name="bench.nap")
def nap(seconds: float, label: str = "") -> None:
    """Say that it begins, then sleep."""
    mark(label)
    time.sleep(seconds)


def client() -> "redis.Redis":
    """Return a connection to the database that the measurements use."""
    return redis.Redis.from_url(URL, socket_connect_timeout=2, socket_timeout=10)


def available() -> bool:
    """Return whether there is a Redis to measure Celery with."""
    try:
        return bool(client().ping())
    except redis.RedisError:
        return False


def purge() -> None:
    """Delete what the measurements left, and nothing else."""
    connection = client()
    for key in connection.scan_iter(f"{PREFIX}*", count=1000):
        connection.delete(key)


def remaining() -> int:
    """Return how many messages wait or run."""
    with client().pipeline() as pipe:
        pipe.llen(f"{PREFIX}celery")
        pipe.hlen(f"{PREFIX}unacked")
        return sum(pipe.execute())
