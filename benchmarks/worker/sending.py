"""Sending from one process: calls one after the other, each answered before the next, and many messages at once."""

import time
from collections.abc import Sequence

from benchmarks.worker.contenders import Contender, contending
from benchmarks.worker.figures import OURS, at_least, at_least_times, load, scaled, show
from benchmarks.worker.ours import BATCH, OnRedis

ROUNDS = 5
COUNT, BULK = 2_000, 50_000
TIMES_CELERY, TIMES_HUEY, LEAST_BULK = 4, 1, 60_000


def report(scale: float, peers: list[str]) -> None:
    """Print calls a second of each, and messages a second in batches, which the peers do not have."""
    count, bulk = scaled(COUNT, scale, 100), scaled(BULK, scale, 2 * BATCH)
    print(f"sending into Redis from one process; {load()}")
    ours = OnRedis()
    with contending(ours, peers) as contenders:
        found: dict[str, list[float]] = {each.name: [] for each in contenders}
        for _ in range(ROUNDS):
            for each in contenders:
                found[each.name].append(_calls(each, count))
        medians = show(f"`.delay()` one after the other, {count:,} a round", found, "calls/s")
        at_least_times(medians, {"Celery": TIMES_CELERY, "Huey": TIMES_HUEY})
        what = f"through the port `Sender`, {BATCH} in a request, messages made meanwhile"
        medians = show(what, {OURS: _bulks(ours, bulk)}, "messages/s")
        at_least("in bulk", medians[OURS], LEAST_BULK, "messages/s")


def _calls(contender: Contender, count: int) -> float:
    contender.empty()
    contender.noop()  # connections are opened, scripts are loaded
    begun = time.perf_counter()
    for _ in range(count):
        contender.noop()
    taken = time.perf_counter() - begun
    _all_came(contender, count + 1)
    return count / taken


def _bulks(ours: OnRedis, count: int) -> Sequence[float]:
    found = []
    for _ in range(ROUNDS):
        ours.empty()
        begun = time.perf_counter()
        ours.fill(count)
        found.append(count / (time.perf_counter() - begun))
        _all_came(ours, count)
    return found


def _all_came(contender: Contender, count: int) -> None:
    if contender.left() != count:
        raise AssertionError(f"{contender.name} has {contender.left():,} messages of {count:,} that were sent")
