"""Tasks a second that do nothing, with two children, at least once, from a queue that is full at the start.

Counted by what each library's own queue has left. It begins with the last look at which nothing had been done.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from benchmarks.worker.contenders import CHILDREN, Contender, contending
from benchmarks.worker.figures import OURS, at_least, at_least_times, scaled, show
from benchmarks.worker.ours import OnPostgres, OnRedis, OnSqlite, Ours
from benchmarks.worker.serving import working

ROUNDS = 3
COUNT, SLOW_COUNT = 20_000, 4_000
LEAST, LEAST_WITH_RESULTS, LEAST_ON_SQL = 15_000, 8_000, 5_000
TIMES_CELERY, TIMES_FASTEST = 10, 2
LONGEST = 120


def report(scale: float, peers: list[str]) -> None:
    """Print all of it."""
    print(f"tasks a second that do nothing, {CHILDREN} children or processes")
    with contending(OnRedis(), peers) as contenders:
        _beside(contenders, scale)
        _with_results(contenders, scale)
    with tempfile.TemporaryDirectory(prefix="beatd-bench-") as folder:
        _on_sql(Path(folder), scale)


def _beside(contenders: Sequence[Contender], scale: float) -> None:
    found = _rounds(contenders, scale)
    medians = show("on Redis, without results", found, "tasks/s")
    for each in contenders:
        print(f"    ({each.name}: {each.terms})")
    at_least("beatd", medians[OURS], LEAST, "tasks/s")
    others = {name: rate for name, rate in medians.items() if name != OURS}
    if others:
        fastest = max(others, key=others.__getitem__)
        at_least_times(medians, {fastest: TIMES_FASTEST, "Celery": TIMES_CELERY})


def _with_results(contenders: Sequence[Contender], scale: float) -> None:
    able = [each for each in contenders if each.name in (OURS, "Celery")]
    for each in able:
        each.kept = True
    medians = show("on Redis, with results", _rounds(able, scale), "tasks/s")
    at_least("beatd", medians[OURS], LEAST_WITH_RESULTS, "tasks/s")
    at_least_times(medians, {"Celery": TIMES_CELERY})


def _on_sql(folder: Path, scale: float) -> None:
    places: list[Ours] = [OnSqlite(folder)]
    try:
        try:
            places.insert(0, OnPostgres())
        except psycopg.OperationalError as error:
            print(f"  no PostgreSQL: left out ({type(error).__name__})")
        medians = show("without results", _rounds(places, scale), "tasks/s")
        for name, rate in medians.items():
            at_least(name, rate, LEAST_ON_SQL, "tasks/s")
    finally:
        for each in places:
            each.close()


def _rounds(contenders: Sequence[Contender], scale: float) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {each.name: [] for each in contenders}
    for _ in range(ROUNDS if scale >= 0.05 else 1):
        for each in contenders:
            count = scaled(SLOW_COUNT if each.name == "Celery" else COUNT, scale, 200)
            found[each.name].append(rate(each, count))
    return found


def rate(contender: Contender, count: int) -> float:
    """Return the tasks a second of which ``count`` were done."""
    contender.empty()
    contender.fill(count)
    every = 0.1 if isinstance(contender, OnPostgres | OnSqlite) else 0.02
    full = time.monotonic()

    def is_done() -> bool:
        nonlocal full
        left = contender.left()
        if left >= count:
            full = time.monotonic()
        return left == 0

    with working(contender) as worker:
        done = worker.wait(is_done, LONGEST, f"the last of {count:,} tasks", every)
        contender.check()
    return count / (done - full)
