"""From COMMIT to the first message in the broker: single edits by plain SQL of another process, with few rows and many.

A row that is to fire is set to every 20 ms, so that hardly more than the noticing is measured; a hundred at once to
every 100 ms. One that is to be silent has taken effect when its last message came.
"""

import random
import time
from pathlib import Path

from benchmarks.rows.entries import NEVER, Row
from benchmarks.rows.queues import Queues
from benchmarks.rows.serving import LAST, median_and_most, scheduling, wait_until_loaded
from benchmarks.rows.surroundings import surroundings
from benchmarks.rows.tables import Table
from benchmarks.service import NotDoneError
from benchmarks.table import target

MEDIAN_SECONDS, MOST_SECONDS = 0.2, 1.0
AT_ONCE, SOON = "every 20ms", "every 100ms"
ROUNDS, FEW_ROUNDS, BULK = 20, 1, 100
LONGEST = 30
INSERT = "INSERT INTO beatd_schedules (name, task, schedule, queue) VALUES (?, 'app.report', ?, ?)"
SET = "UPDATE beatd_schedules SET schedule = ?, queue = ? WHERE name"


def notice(table: Table, queues: Queues, number: int) -> float:
    """Insert a row that fires at once; return the seconds from its COMMIT to its first message, and delete it."""
    name = f"edited-{number}"
    seconds = _first(queues, name, table.edit(INSERT, (name, AT_ONCE, name)))
    table.edit("DELETE FROM beatd_schedules WHERE name = ?", (name,))
    return seconds


def report(table: Table, queues: Queues, folder: Path, count: int, *, rounds: int = ROUNDS) -> None:
    """Print how fast edits take effect in a table of ``count`` rows, which are there."""
    table.fill([LAST, *(Row(f"bulk-{number:04}", NEVER) for number in range(BULK))])
    queues.empty()
    table.forget()
    print(f"  {table.name}: edits among {count:,} rows; {surroundings()}", flush=True)
    found: dict[str, list[float]] = {kind: [] for kind in ("insert", "change", "disable", "delete", "bulk")}
    with scheduling(table, queues, folder) as scheduler:
        wait_until_loaded(scheduler, table, queues)
        time.sleep(3)
        for number in range(rounds):
            for kind, seconds in _round(table, queues, f"edit-{number}"):
                found[kind].append(seconds)
    table.edit("DELETE FROM beatd_schedules WHERE name LIKE 'bulk-%'")
    for kind, each in found.items():
        median, most = median_and_most(each)
        within = f"median at most {1000 * MEDIAN_SECONDS:.0f} ms, most {MOST_SECONDS:g} s"
        text = f"  {len(each)} times {kind}: median {1000 * median:.0f} ms, most {1000 * most:.0f} ms ({within})"
        target(text, met=median <= MEDIAN_SECONDS and most <= MOST_SECONDS)


def _round(table: Table, queues: Queues, name: str) -> list[tuple[str, float]]:
    """Edit a row in each way; return of each way how long it took."""
    queue = f"{name}-"  # and a letter for each edit, so that each queue is new
    found = [("insert", _first(queues, f"{queue}i", table.edit(INSERT, (name, AT_ONCE, f"{queue}i"))))]
    _rest()
    found.append(("change", _first(queues, f"{queue}c", table.edit(f"{SET} = ?", (AT_ONCE, f"{queue}c", name)))))
    _rest()
    at = table.edit("UPDATE beatd_schedules SET enabled = false WHERE name = ?", (name,))
    found.append(("disable", _silence(queues, f"{queue}c", at)))
    table.edit("UPDATE beatd_schedules SET enabled = true WHERE name = ?", (name,))
    _rest()
    at = table.edit("DELETE FROM beatd_schedules WHERE name = ?", (name,))
    found.append(("delete", _silence(queues, f"{queue}c", at)))
    at = table.edit(f"{SET} LIKE 'bulk-%'", (SOON, f"{queue}b"))
    found.append(("bulk", _first(queues, f"{queue}b", at)))
    table.edit(f"{SET} LIKE 'bulk-%'", (NEVER, "celery"))
    _silence(queues, f"{queue}b", time.monotonic())
    return found


def _first(queues: Queues, queue: str, committed: float) -> float:
    first = queues.first(queue, within=LONGEST)
    if first is None:
        raise NotDoneError(f"nothing came into the queue {queue!r} within {LONGEST} s")
    return max(0.0, first - committed)


def _silence(queues: Queues, queue: str, committed: float) -> float:
    return max(0.0, queues.last(queue, quiet=1.5) - committed)


def _rest() -> None:
    """Let an edit come at any moment of what a scheduler does by the second."""
    time.sleep(random.uniform(0.1, 0.6))
