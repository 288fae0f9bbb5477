"""Celery's beat and RedBeat into the local Redis, started as their users start them, with entries due each second."""

import tempfile
import time
from contextlib import closing
from pathlib import Path

import redis

from benchmarks import celery_side
from benchmarks.service import running

WARM_UP, MEASURE, LONGEST_START = 3, 10, 120
SCHEDULERS = {"Celery beat": [], "RedBeat": ["-S", "redbeat.RedBeatScheduler"]}


def rate(scheduler: str, entries: int) -> float | None:
    """Return the messages a second of a beat, None where it had sent none after two minutes."""
    celery_side.purge()
    command = ["celery", "-A", "benchmarks.celery_side", "beat", "-l", "warning", *SCHEDULERS[scheduler]]
    env = {"BENCH_ENTRIES": str(entries), "BENCH_INTERVAL": "1"}
    try:
        with (
            tempfile.TemporaryDirectory(prefix="beatd-bench-") as folder,
            running(command, Path(folder), env),
            closing(celery_side.client()) as client,
        ):
            deadline = time.monotonic() + LONGEST_START
            while not _sent(client):
                if time.monotonic() > deadline:
                    return None
                time.sleep(0.1)
            time.sleep(WARM_UP)
            begun, before = time.perf_counter(), _sent(client)
            time.sleep(MEASURE)
            return (_sent(client) - before) / (time.perf_counter() - begun)
    finally:
        celery_side.purge()


def _sent(client: redis.Redis) -> int:
    return int(client.llen(f"{celery_side.PREFIX}celery"))
