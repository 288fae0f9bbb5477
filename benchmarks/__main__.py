"""Measure beatd beside Celery on this machine, and print medians of short rounds, and their ratios.

Celery uses the Redis at 127.0.0.1:6379, database 13, under a key prefix of its own, emptied afterwards. Without Redis
its columns stay empty.
"""

import os
import platform
from importlib.metadata import version

from benchmarks import celery_side, disk, idle, lateness, throughput

ROUNDS = 3


def main() -> None:
    """Run all measurements, one after another, because they would disturb each other."""
    peer = celery_side.available()
    print(f"beatd {version('beatd')} beside Celery {version('celery')}" + ("" if peer else " (no Redis: left out)"))
    print(f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} CPUs, {platform.machine()}")
    print(f"fdatasync of 4 KiB: {disk.fdatasync_ms():.2f} ms; load before: {os.getloadavg()[0]:.2f}\n", flush=True)
    try:
        idle.report(peer=peer)
        throughput.report(ROUNDS, peer=peer)
        lateness.report(ROUNDS, peer=peer)
    finally:
        if peer:
            celery_side.purge()


if __name__ == "__main__":
    main()
