"""Memory of a worker at rest: what is its own, with its share of what processes share (PSS).

The children have run tasks before, so that all is loaded that a task needs.
"""

import time
from pathlib import Path

from benchmarks.service import NotDoneError
from benchmarks.table import target
from benchmarks.worker.contenders import CHILDREN, Contender, contending
from benchmarks.worker.figures import OURS, load
from benchmarks.worker.ours import OnRedis
from benchmarks.worker.serving import working

TASKS, REST, LONGEST = 200, 3, 60
Sizes = tuple[float, float, float]
"""MB of the process that was started, of a child, and of all of them."""


def report(scale: float, peers: list[str]) -> None:
    """Print the megabytes of each."""
    print(f"memory at rest after {TASKS} tasks, PSS; {load()}")
    found: dict[str, Sizes] = {}
    with contending(OnRedis(), peers) as contenders:
        for each in contenders:
            found[each.name] = _sizes(each, REST if scale >= 0.05 else 0.5)
            main, child, whole = found[each.name]
            print(
                f"    {each.name:<10} main process {main:6.1f} MB, a child {child:6.1f}, all {whole:6.1f}", flush=True
            )
    if "Celery" in found:
        for number, what in enumerate(("the main process", "a child", "all of it")):
            ours, theirs = found[OURS][number], found["Celery"][number]
            target(f"  {what}: {ours / theirs:.2f} of Celery's (at most 1)", met=ours <= theirs)


def _sizes(contender: Contender, rest: float) -> Sizes:
    contender.empty()
    contender.fill(TASKS)
    with working(contender) as worker:
        worker.wait(lambda: contender.left() == 0, LONGEST, f"the last of {TASKS} tasks")
        time.sleep(rest)
        sizes = [pss(pid) for pid in worker.pids]
        if len(sizes) <= CHILDREN:
            raise NotDoneError(f"{contender.name}'s worker has {len(sizes)} processes")
        # Some have a process more, to track what they share; the children are the largest ones.
        return sizes[0], sum(sorted(sizes[1:])[-CHILDREN:]) / CHILDREN, sum(sizes)


def pss(pid: int) -> float:
    """Return the megabytes of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
