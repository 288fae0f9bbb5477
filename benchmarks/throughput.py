"""Empty tasks a second with two children, at least once, without results, from a queue that is full at the start."""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from uuid import uuid4

from beatd.config.settings import Settings
from beatd.core.protocol import build_message
from beatd.wiring import open_broker
from benchmarks import celery_side
from benchmarks.service import running, wait_until
from benchmarks.table import line

OURS, THEIRS, BATCH = 20_000, 4_000, 500
LONGEST = 60
REMAINING = "SELECT count(*) FROM beatd_messages WHERE state <> 'dead'"


def report(rounds: int, *, peer: bool) -> None:
    """Print the median rate of both."""
    print(f"no-op tasks, two children, at least once; median of {rounds}")
    ours = median(_ours() for _ in range(rounds))
    theirs = median(_theirs() for _ in range(rounds)) if peer else None
    line("embedded broker / Redis", ours, theirs, unit="tasks/s", more_is_better=True)
    print(flush=True)


def _ours() -> float:
    with tempfile.TemporaryDirectory(prefix="beatd-bench-") as name:
        folder = Path(name)
        _fill(folder / "beatd.db")
        command = ["beatd", "worker", "-A", "benchmarks.noop", "-c", "2", "-l", "warning"]
        with closing(sqlite3.connect(f"file:{folder}/beatd.db?mode=ro", uri=True, timeout=10)) as reader:
            return _rate(OURS, lambda: reader.execute(REMAINING).fetchone()[0], command, folder)


def _fill(path: Path) -> None:
    broker = open_broker(Settings(broker=f"sqlite:///{path}"))
    for _ in range(OURS // BATCH):
        calls = [build_message(id=str(uuid4()), task="bench.noop", ignore_result=True) for _ in range(BATCH)]
        broker.sender.send_many(calls)
    broker.close()


def _theirs() -> float:
    celery_side.purge()
    with tempfile.TemporaryDirectory(prefix="beatd-bench-") as name:
        with celery_side.app.producer_pool.acquire(block=True) as producer:
            for _ in range(THEIRS):
                celery_side.noop.apply_async(producer=producer)
        command = ["celery", "-A", "benchmarks.celery_side", "worker", "-c", "2", "-l", "warning"]
        return _rate(THEIRS, celery_side.remaining, command, Path(name))


def _rate(total: int, remaining: Callable[[], int], command: Sequence[str], folder: Path) -> float:
    """Return tasks a second between the first sample that shows work done and the one that shows none left."""
    left = total

    def moved_below(bound: int) -> bool:
        nonlocal left
        left = remaining()
        return left < bound

    with running(command, folder):
        wait_until(lambda: moved_below(total), LONGEST, "the first task", every=0.02)
        begun, first = time.monotonic(), left
        wait_until(lambda: moved_below(1), LONGEST, "the last task", every=0.02)
        return first / (time.monotonic() - begun)
