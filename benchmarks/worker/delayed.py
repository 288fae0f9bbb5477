"""A million messages that are due in hours, and among them some that are due now: what they cost the worker."""

import time
from collections.abc import Iterator

from beatd.core.message import Message
from benchmarks.worker.contenders import CHILDREN
from benchmarks.worker.figures import at_most, load, scaled
from benchmarks.worker.memory import pss
from benchmarks.worker.ours import OnRedis
from benchmarks.worker.serving import Worker, working

COUNT, HOURS = 1_000_000, 6
DUE, EACH_SECOND = 1_000, 100
MOST_MS, MOST_MB = 100, 2
LONGEST, REST = 60, 2
SECOND = 1_000_000


def report(scale: float, peers: list[str]) -> None:  # noqa: ARG001  a part as all are; Celery keeps them in memory
    """Print how late those are that are due, with none waiting and with all, and what memory is more then."""
    count, due = scaled(COUNT, scale, 1_000), scaled(DUE, scale * 10, 50)
    print(f"{count:,} messages due in {HOURS} hours, on Redis, {CHILDREN} children; {load()}")
    ours = OnRedis()
    try:
        with working(ours) as worker:
            ours.nap(0, "ready 0")
            worker.wait(lambda: bool(worker.marks()), LONGEST, "the first task")
            p50, p99, earliest = _lateness(ours, worker, due, "with none")
            text = f"{due:,} due later started p50 {p50:.1f} ms late, p99 {p99:.1f}, the earliest {earliest:.1f}"
            print(f"    with none waiting: {text}")
            before = _memory(worker)
            begun = time.monotonic()
            ours.send_many(_waiting(ours, count))
            print(f"    all sent in {time.monotonic() - begun:.1f} s; {load()}", flush=True)
            at_most("memory more while they wait:", _memory(worker) - before, MOST_MB, "MB")
            p50, p99, earliest = _lateness(ours, worker, due, "with all")
            text = f"{due:,} due among them started p50 {p50:.1f} ms late, the earliest {earliest:.1f}, p99"
            at_most(text, p99, MOST_MS, "ms")
            at_most("memory more after these:", _memory(worker) - before, MOST_MB, "MB")
    finally:
        ours.close()


def _waiting(ours: OnRedis, count: int) -> Iterator[Message]:
    """Yield so many, spread over an hour."""
    since = time.time_ns() // 1000 + HOURS * 3600 * SECOND
    for number in range(count):
        yield ours.message("worker.noop", due=since + number * 3600 * SECOND // count)


def _lateness(ours: OnRedis, worker: Worker, count: int, label: str) -> tuple[float, float, float]:
    """Return how late so many were that were due over some seconds, in milliseconds: p50, p99 and the earliest.

    Below 0 is before it was due: by the clock on the wall, which is not quite what a worker takes for the server's.
    """
    since = time.time_ns() // 1000 + 2 * SECOND
    dues = [since + number * SECOND // EACH_SECOND for number in range(count)]
    ours.send_many(ours.message("worker.nap", 0, f"{label} {due}", due=due) for due in dues)
    within = LONGEST + count / EACH_SECOND
    worker.wait(lambda: len(_of(worker, label)) >= count, within, f"{count:,} delayed tasks", 0.1)
    late = sorted(wall / 1e6 - due / 1e3 for due, wall in _of(worker, label))
    return late[len(late) // 2], late[int(len(late) * 0.99)], late[0]


def _of(worker: Worker, label: str) -> list[tuple[int, int]]:
    """Return when each was due, in microseconds, and when it began, in nanoseconds."""
    split = ((mark.label.rpartition(" "), mark.wall) for mark in worker.marks())
    return [(int(due), wall) for (of, _, due), wall in split if of == label]


def _memory(worker: Worker) -> float:
    time.sleep(REST)
    return sum(pss(pid) for pid in worker.pids)
