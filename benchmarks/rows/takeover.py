"""Two schedulers share the rows; one is killed: how long until the other holds all, and whether anything is missing."""

import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from benchmarks.rows.entries import ticks
from benchmarks.rows.queues import Queues, Taker
from benchmarks.rows.serving import LAST, Scheduler, scheduling, wait_until_loaded
from benchmarks.rows.surroundings import surroundings
from benchmarks.rows.tables import Table
from benchmarks.service import NotDoneError
from benchmarks.table import target

TICKS, MOST_SECONDS, PARTS = 1_000, 30.0, 64
SECOND = 1_000_000


def report(table: Table, queues: Queues, folder: Path, count: int) -> None:
    """Print how long it takes until the other one holds all, and until the last of the rows that fire has fired."""
    table.fill([LAST, *ticks(TICKS)])
    queues.empty()
    table.forget()
    print(f"  {table.name}: two schedulers on {count:,} rows; {surroundings()}", flush=True)
    with ExitStack() as stack:
        taker = stack.enter_context(Taker(queues, "ticks"))
        one = stack.enter_context(scheduling(table, queues, folder, "one"))
        wait_until_loaded(one, table, queues)
        two = stack.enter_context(scheduling(table, queues, folder, "two"))
        wait_for_parts(queues, [PARTS // 2, PARTS // 2], 300, two)
        time.sleep(3)
        killed = one.kill()
        moment = time.time_ns() // 1000
        held = wait_for_parts(queues, [PARTS], 120, two) - killed
        fired = wait_until_all_fire(taker, moment, 120, two) - killed
        time.sleep(5)
        lost, doubled, worst = _judged(taker, moment)
        target(f"  the other holds all after {held:.1f} s (at most {MOST_SECONDS:g})", met=held <= MOST_SECONDS)
        target(f"  and fires all after {fired:.1f} s (at most {MOST_SECONDS:g})", met=fired <= MOST_SECONDS)
        text = f"  fires of a thousand rows: the latest {worst / SECOND:.1f} s late, {lost} lost, {doubled} doubled"
        target(text, met=not lost and not doubled and worst <= MOST_SECONDS * SECOND)
    table.edit("DELETE FROM beatd_schedules WHERE name LIKE 'tick-%'")


def wait_for_parts(queues: Queues, shares: list[int], seconds: float, running: Scheduler) -> float:
    """Wait until so many hold so many parts each; return when, by the monotonic clock."""
    deadline = time.monotonic() + seconds
    while sorted(Counter(queues.holders()).values()) != shares:
        running.check()
        if time.monotonic() > deadline:
            raise NotDoneError(f"the parts are held {Counter(queues.holders())} after {seconds} s:\n{running.tail()}")
        time.sleep(0.05)
    return time.monotonic()


def wait_until_all_fire(taker: Taker, killed: int, seconds: float, running: Scheduler) -> float:
    """Wait until each of the rows has had a fire since the kill; return when, by the monotonic clock."""
    deadline, waiting = time.monotonic() + seconds, {row.name for row in ticks(TICKS)}
    place = 0
    while waiting:
        running.check()
        if time.monotonic() > deadline:
            raise NotDoneError(f"{len(waiting)} rows have not fired for {seconds} s:\n{running.tail()}")
        time.sleep(0.05)
        place, came = len(taker.taken), taker.taken[place:]
        waiting.difference_update(entry for entry, fire, _ in came if fire > killed)
    return time.monotonic()


def _judged(taker: Taker, killed: int) -> tuple[int, int, int]:
    """Return how many fires are missing and doubled, and how late the latest was, since 5 s before the kill.

    Missing is also what one row has not fired and another one has, but for the last second.
    """
    fires: dict[str, list[int]] = {}
    for entry, fire, _ in taker.taken:
        fires.setdefault(entry, []).append(fire)
    lost = doubled = 0
    last = max(fire for _, fire, _ in taker.taken) - 2 * SECOND
    for each in fires.values():
        doubled += len(each) - len({*each})
        lost += (max(*each, last) - min(each)) // SECOND + 1 - len({*each})
    lost += TICKS - len(fires)
    since = killed - 5 * SECOND
    return lost, doubled, max((came - fire for _, fire, came in taker.taken if fire >= since), default=0)
