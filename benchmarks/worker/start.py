"""From the start of a worker's process until it begins the first task, which waits for it."""

from benchmarks.worker.contenders import Contender, contending
from benchmarks.worker.figures import OURS, at_most, show
from benchmarks.worker.ours import OnRedis
from benchmarks.worker.serving import working

ROUNDS, MOST_MS, LONGEST = 5, 500, 30


def report(scale: float, peers: list[str]) -> None:
    """Print the milliseconds of each."""
    print("from the start of a worker to its first task, on Redis")
    with contending(OnRedis(), peers) as contenders:
        found: dict[str, list[float]] = {each.name: [] for each in contenders}
        for _ in range(ROUNDS if scale >= 0.05 else 1):
            for each in contenders:
                found[each.name].append(_milliseconds(each))
        at_most("beatd", show("to the first task", found, "ms")[OURS], MOST_MS, "ms")


def _milliseconds(contender: Contender) -> float:
    contender.empty()
    contender.nap(0, "first")
    with working(contender) as worker:
        worker.wait(lambda: bool(worker.marks()), LONGEST, "the first task")
        return worker.marks()[0].monotonic / 1e6 - worker.began * 1e3
