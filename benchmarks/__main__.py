"""Measure beatd beside its peers on this machine, and print medians of short rounds, and their ratios.

``python -m benchmarks`` runs all; names of parts run those alone: ``schedules`` (next fire, reading a rule, a million
entries), ``services`` (idle, lateness beside Celery), ``firing`` (into Redis, PostgreSQL and SQLite, beside bare loops,
Celery's beat and RedBeat), ``rows`` (a million rows of a table, on PostgreSQL and SQLite), ``worker`` (tasks, sending,
start, memory, delayed messages, fairness beside Celery, Dramatiq and Huey). BENCH_SCALE=0.01 takes a hundredth of the
entries, rows, fires and tasks, for a quick look.

The peers use the Redis at 127.0.0.1:6379, database 13, under key prefixes of their own, emptied afterwards. Without
Redis their columns stay empty.
"""

import os
import platform
import sys
from importlib.metadata import version

from benchmarks import celery_side, disk, idle, lateness, million, next_fire, rule_cost
from benchmarks.firing import report as firing_report
from benchmarks.rows import report as rows_report
from benchmarks.worker import report as worker_report

ROUNDS = 3
PEERS = ("celery", "celery-redbeat", "dramatiq", "huey", "croniter", "cronsim", "APScheduler")


def main(names: list[str]) -> None:
    """Run the parts, one after another, because they would disturb each other."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        sys.exit(f"no part is called {unknown[0]!r}; there are {', '.join(PARTS)}")
    print(f"beatd {version('beatd')} beside " + ", ".join(f"{peer} {version(peer)}" for peer in PEERS))
    print(f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} CPUs, {platform.machine()}")
    print(f"fdatasync of 4 KiB: {disk.fdatasync_ms():.2f} ms; load before: {os.getloadavg()[0]:.2f}\n", flush=True)
    for name in names or PARTS:
        PARTS[name]()


def schedules() -> None:
    """Measure the schedules, which need nothing but a processor."""
    next_fire.report()
    rule_cost.report()
    million.report()


def services() -> None:
    """Measure the services beside Celery's."""
    peer = celery_side.available()
    if not peer:
        print("no Redis: Celery is left out")
    try:
        idle.report(peer=peer)
        lateness.report(ROUNDS, peer=peer)
    finally:
        if peer:
            celery_side.purge()


def firing() -> None:
    """Measure fires into each store that is there."""
    firing_report.report(ROUNDS, scale=float(os.environ.get("BENCH_SCALE", "1")))


def rows() -> None:
    """Measure a table of a million rows."""
    rows_report.report(scale=float(os.environ.get("BENCH_SCALE", "1")))


def worker() -> None:
    """Measure the worker beside its peers."""
    worker_report.report(scale=float(os.environ.get("BENCH_SCALE", "1")))


PARTS = {"schedules": schedules, "services": services, "firing": firing, "rows": rows, "worker": worker}

if __name__ == "__main__":
    main(sys.argv[1:])
