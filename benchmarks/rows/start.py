"""Starting on the rows, memory, rest, and a herd of a tenth of them while a row is edited."""

import time
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.rows.edits import notice
from benchmarks.rows.entries import herd, now
from benchmarks.rows.queues import Queues
from benchmarks.rows.serving import LAST, Scheduler, scheduling, wait_until_loaded
from benchmarks.rows.surroundings import surroundings
from benchmarks.rows.tables import Table
from benchmarks.service import NotDoneError
from benchmarks.table import target

START_SECONDS, START_MB, IDLE_PERCENT, HERD_SECONDS, NOTICED_SECONDS = 40, 600, 3.0, 4.0, 1.0
SETTLE, IDLE, MARGIN = 10, 60, 25
LONGEST_HERD = 120
FEW = 10_000
FEW_SETTLE, FEW_IDLE, FEW_MARGIN = 1, 5, 10
"""The same for less than so many rows: a quick look."""


def report(table: Table, queues: Queues, folder: Path, count: int) -> None:
    """Print what it takes to start on ``count`` rows, what they take at rest, and how fast a tenth of them fires."""
    many = max(count // 10, 10)
    settle, idle, margin = (SETTLE, IDLE, MARGIN) if count >= FEW else (FEW_SETTLE, FEW_IDLE, FEW_MARGIN)
    wait = timedelta(seconds=many / 4000 + 60 * count / 1_000_000 + settle + idle + margin)
    moment = (now() + wait).replace(microsecond=0) + timedelta(seconds=1)
    if count >= FEW and moment.second:
        moment += timedelta(seconds=60 - moment.second)
    table.fill(herd(many, moment, "herd"))
    table.fill([LAST])
    table.settle()
    queues.empty()
    table.forget()
    print(f"  {table.name}: {count:,} rows and {many:,} that are due at one moment; {surroundings()}", flush=True)
    with scheduling(table, queues, folder) as scheduler:
        seconds = wait_until_loaded(scheduler, table, queues)
        target(f"  loaded and firing after {seconds:.1f} s (at most {START_SECONDS})", met=seconds <= START_SECONDS)
        memory = scheduler.most_memory()
        target(f"  {memory:.0f} MB resident at the most (at most {START_MB})", met=memory <= START_MB)
        time.sleep(settle)
        _idle(scheduler, min(idle, (moment - now()).total_seconds() - 4))
        _herd(scheduler, table, queues, (many, moment))
        print(f"    resident in the end, at the most: {scheduler.most_memory():.0f} MB", flush=True)
    table.edit("DELETE FROM beatd_schedules WHERE name LIKE 'herd-%'")


def _idle(scheduler: Scheduler, lasts: float) -> None:
    if lasts < FEW_IDLE - 1:
        print("    no time is left to idle before the herd")
        return
    began, used = time.monotonic(), scheduler.cpu()
    time.sleep(lasts)
    percent = 100 * (scheduler.cpu() - used) / (time.monotonic() - began)
    text = f"  {percent:.2f} % of a core at rest, over {lasts:.0f} s (at most {IDLE_PERCENT:g} %)"
    target(text, met=percent <= IDLE_PERCENT)


def _herd(scheduler: Scheduler, table: Table, queues: Queues, given: tuple[int, datetime]) -> None:
    many, moment = given
    instant = time.monotonic() + (moment - now()).total_seconds()
    time.sleep(max(0.0, instant + 0.1 - time.monotonic()))
    noticed = notice(table, queues, 0)
    deadline = instant + LONGEST_HERD
    while queues.size("celery") < many:
        scheduler.check()
        if time.monotonic() > deadline:
            said = f"{queues.size('celery'):,} of the herd of {many:,} came within {LONGEST_HERD} s"
            raise NotDoneError(f"{said}:\n{scheduler.tail()}")
        time.sleep(0.01)
    last = time.monotonic() - instant
    target(f"  the last of the herd {last:.2f} s after its moment (at most {HERD_SECONDS:g})", met=last <= HERD_SECONDS)
    text = f"  a row inserted meanwhile fired {noticed:.2f} s after its COMMIT (at most {NOTICED_SECONDS:g})"
    target(text, met=noticed <= NOTICED_SECONDS)
