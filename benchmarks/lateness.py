"""How late fires are at 500 a second: 50 entries, each every 100 ms.

Both are taken when the message is being written, before the store has answered. beatd's fire times are fixed moments;
lateness is when the fire was written minus its fire time, by the history. Celery's beat has no fire times: it counts
from the last sending, so its lateness is the distance between two sendings minus the interval, and each one puts off
all that follow. That is shown as drift.
"""

import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

from benchmarks import celery_side
from benchmarks.service import running
from benchmarks.table import line

ENTRIES, INTERVAL_MS = 50, 100
WARM_UP, MEASURE = 3, 8
FIRES = "SELECT first, written_at FROM beatd_fires WHERE reason = 'emitted' AND first >= ? AND first < ?"
LAST = "SELECT max(first) FROM beatd_fires WHERE reason = 'emitted'"
HOUR_MS = 3_600_000
Figures = tuple[float, float, float, float]
"""p50 and p99 in milliseconds, fires a second, drift in seconds an hour."""


def report(rounds: int, *, peer: bool) -> None:
    """Print the figures of both."""
    print(f"{ENTRIES} entries every {INTERVAL_MS} ms, scheduler alone; median of {rounds}")
    ours = _medians(_ours() for _ in range(rounds))
    theirs = _medians(_theirs() for _ in range(rounds)) if peer else (None, None, None, None)
    line("lateness p50", ours[0], theirs[0], unit="ms", more_is_better=False)
    line("lateness p99", ours[1], theirs[1], unit="ms", more_is_better=False)
    line("fires, of 500 due", ours[2], theirs[2], unit="fires/s", more_is_better=True)
    line("drift an hour", ours[3], theirs[3], unit="s", more_is_better=False)
    print(flush=True)


def _ours() -> Figures:
    with tempfile.TemporaryDirectory(prefix="beatd-bench-") as name:
        folder = Path(name)
        (folder / "beatd.toml").write_text("".join(_schedule()))
        with running(["beatd", "run", "--no-worker"], folder):
            time.sleep(WARM_UP + MEASURE)
        with closing(sqlite3.connect(folder / "beatd.db")) as history:
            until = history.execute(LAST).fetchone()[0] or 0
            since = until - MEASURE * 1_000_000
            late = [(written - first) / 1000 for first, written in history.execute(FIRES, (since, until))]
    return *_percentiles(late), len(late) / MEASURE, 0.0


def _schedule() -> Iterator[str]:
    yield '[beatd]\nlog_level = "warning"\n'
    for number in range(ENTRIES):
        offset = number * INTERVAL_MS // ENTRIES
        text = f"every {INTERVAL_MS}ms" + (f" offset {offset}ms" if offset else "")
        yield f'[schedules.entry-{number}]\nschedule = "{text}"\ntask = "bench.noop"\n'


def _theirs() -> Figures:
    celery_side.purge()
    with tempfile.TemporaryDirectory(prefix="beatd-bench-") as name:
        folder = Path(name)
        env = {"BENCH_ENTRIES": str(ENTRIES), "BENCH_SENT": str(folder / "sent")}
        with running(["celery", "-A", "benchmarks.celery_side", "beat", "-l", "warning"], folder, env):
            time.sleep(WARM_UP + MEASURE)
        rows = [line.split() for line in (folder / "sent").read_text().splitlines()]
    sent = [(int(number), int(moment) / 1e6) for number, moment in rows]
    since = max(moment for _, moment in sent) - MEASURE * 1000
    by_entry: dict[int, list[float]] = {}
    for number, moment in sent:
        if moment >= since:
            by_entry.setdefault(number, []).append(moment)
    late = [after - before - INTERVAL_MS for moments in by_entry.values() for before, after in pairwise(moments)]
    drift = mean(late) / INTERVAL_MS * HOUR_MS / 1000
    return *_percentiles(late), sum(map(len, by_entry.values())) / MEASURE, drift


def _percentiles(late: list[float]) -> tuple[float, float]:
    ordered = sorted(late) or [0.0]
    return ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]


def _medians(rounds: Iterable[Figures]) -> Figures:
    p50, p99, rate, drift = zip(*rounds, strict=True)
    return median(p50), median(p99), median(rate), median(drift)
