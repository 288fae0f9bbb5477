"""A tenth of the rows updated in one statement, while a thousand others fire each second."""

import time
from pathlib import Path

from benchmarks.rows.entries import ticks
from benchmarks.rows.queues import Queues, Taker
from benchmarks.rows.serving import LAST, scheduling, wait_until_loaded
from benchmarks.rows.surroundings import surroundings
from benchmarks.rows.tables import Table
from benchmarks.table import target

TICKS, P99_MS, LONGEST = 1_000, 500.0, 180
# A sentinel among them tells when all that was updated is taken in.
SENTINEL = "queue = CASE name WHEN ? THEN ? END, schedule = CASE name WHEN ? THEN 'every 1s' ELSE"
CHANGES = {
    "what is sent": f"SET priority = 5, {SENTINEL} schedule END",
    "when it fires": f"SET {SENTINEL} '7 7 29 2 *' END",
}


def report(table: Table, queues: Queues, folder: Path, count: int) -> None:
    """Print how late the others are."""
    many = max(count // 10, 10)
    table.fill([LAST, *ticks(TICKS)])
    queues.empty()
    table.forget()
    print(f"  {table.name}: {many:,} of {count:,} rows updated in one statement; {surroundings()}", flush=True)
    with scheduling(table, queues, folder) as scheduler, Taker(queues, "ticks") as taker:
        wait_until_loaded(scheduler, table, queues)
        time.sleep(5)
        _told("before", taker, _wait(taker, 10))
        for number, (what, change) in enumerate(CHANGES.items()):
            sentinel, queue = f"customer-{many - 1 - number:07}", f"sentinel-{number}"
            began, at = len(taker.taken), time.monotonic()
            statement = f"UPDATE beatd_schedules {change} WHERE name BETWEEN 'customer-' AND ?"
            committed = table.edit(statement, (sentinel, queue, sentinel, f"customer-{many - 1:07}"))
            first = queues.first(queue, within=LONGEST, poll=0.02)
            scheduler.check()
            taken = "not" if first is None else f"{first - committed:.1f} s after it"
            _wait(taker, 20)
            _told(f"{what} changed in {committed - at:.1f} s, taken in {taken}", taker, began)
    table.edit("DELETE FROM beatd_schedules WHERE name LIKE 'tick-%'")


def _wait(taker: Taker, seconds: float) -> int:
    """Wait; return how many messages had been taken before."""
    before = len(taker.taken)
    time.sleep(seconds)
    return before


def _told(what: str, taker: Taker, since: int) -> None:
    late = sorted((came - fire) / 1000 for _, fire, came in taker.taken[since:])
    if not late:
        target(f"  {what}: nothing fired", met=False)
        return
    p50, p99 = late[len(late) // 2], late[int(len(late) * 0.99)]
    text = f"  {what}: {len(late):,} other fires late p50 {p50:.0f}, p99 {p99:.0f}, most {late[-1]:.0f} ms"
    target(f"{text} (p99 at most {P99_MS:g})", met=p99 <= P99_MS)
