"""Celery as its users set it up: Redis as broker, the default scheduler, the same empty task acknowledged late.

``celery -A benchmarks.celery_side``. BENCH_ENTRIES: so many interval entries each 100 ms, or BENCH_INTERVAL seconds.
BENCH_SENT: a file that takes the moment of each sending by beat.
"""

import os
import time
from pathlib import Path
from typing import Any

import redis
from celery import Celery
from celery.signals import before_task_publish

HOST, DATABASE, PREFIX = "127.0.0.1:6379", 13, "beatd-bench:"
INTERVAL = float(os.environ.get("BENCH_INTERVAL", "0.1"))

app = Celery("bench", broker=f"redis://{HOST}/{DATABASE}")
app.conf.update(
    broker_transport_options={"global_keyprefix": PREFIX},
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    task_ignore_result=True,
    redbeat_redis_url=f"redis://{HOST}/{DATABASE}",
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


def client() -> "redis.Redis":
    """Return a connection to the database that the measurements use."""
    return redis.Redis.from_url(f"redis://{HOST}/{DATABASE}", socket_connect_timeout=2, socket_timeout=10)


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
