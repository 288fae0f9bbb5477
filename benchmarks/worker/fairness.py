"""A task of half a minute among a thousand short ones, on two children: how long the last short one waits.

All are the same task with other arguments, so that nothing tells beforehand which one is long; half of the short ones
are before it, so that the children have learnt by then to take several at once.
"""

from benchmarks.worker.contenders import CHILDREN, Contender, contending
from benchmarks.worker.figures import OURS, at_most, scaled, show
from benchmarks.worker.ours import OnRedis
from benchmarks.worker.serving import working

SHORT, LONG_SECONDS, LEAST_SECONDS = 1_000, 30, 5
MOST_SECONDS = 1.0
LONGEST = 90


def report(scale: float, peers: list[str]) -> None:
    """Print the seconds from the first short task's start to the last one's."""
    count, seconds = scaled(SHORT, scale, 100), scaled(LONG_SECONDS, scale, LEAST_SECONDS)
    print(f"one task of {seconds} s among {count:,} that do nothing, {CHILDREN} children or processes, on Redis")
    with contending(OnRedis(), peers) as contenders:
        found = {each.name: [_longest_wait(each, count, seconds)] for each in contenders}
        at_most("beatd", show("the last short one waits", found, "s")[OURS], MOST_SECONDS, "s")


def _longest_wait(contender: Contender, count: int, seconds: float) -> float:
    contender.empty()
    for number in range(count + 1):
        is_long = number == count // 2
        contender.nap(seconds if is_long else 0, "long" if is_long else "short")
    with working(contender) as worker:

        def begun() -> list[int]:
            return [mark.monotonic for mark in worker.marks() if mark.label == "short"]

        worker.wait(lambda: len(begun()) >= count, LONGEST, f"{count:,} short tasks", 0.1)
        moments = begun()
        return (max(moments) - min(moments)) / 1e9
