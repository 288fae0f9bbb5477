"""Whether the schedulers of a namespace do their work, judged from what they and the store say."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from beatd.core.identity import PARTS
from beatd.ports import SchedulerInfo, WorkerInfo
from beatd.schedules.moments import iso
from beatd.wiring.entries import EntryView


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What `beatd status` finds; ``lag_ms``: how long the oldest unsettled fire has been due."""

    now: int
    problems: tuple[str, ...]
    parts: int
    parts_held: int
    lag_ms: float
    entries: Mapping[str, int]


WORKER_GONE = 15 * 1_000_000
"""A worker reports every few seconds; one not seen for this many microseconds is gone."""


def is_live(worker: WorkerInfo, now: int) -> bool:
    """Return whether a worker has been seen lately."""
    return now - worker.seen_at <= WORKER_GONE


def unattended(sizes: Mapping[str, Mapping[str, int]], workers: Sequence[WorkerInfo], *, now: int) -> tuple[str, ...]:
    """Return, in words, the queues in which messages are ready and from which no live worker takes any."""
    taken = {queue for worker in workers if is_live(worker, now) for queue in worker.queues}
    return tuple(
        f"{size['ready']} {'message waits' if size['ready'] == 1 else 'messages wait'} in queue {queue!r}, from which "
        f"no live worker takes any: start `beatd worker -Q {queue}`"
        for queue, size in sorted(sizes.items())
        if size.get("ready") and queue not in taken
    )


def judge(
    schedulers: Sequence[SchedulerInfo], views: Sequence[EntryView], *, now: int, late_after: int, parts: int = PARTS
) -> Health:
    """Return what is wrong in words, and the figures behind it."""
    live = [each for each in schedulers if each.expires_at > now]
    held = sum(each.parts for each in live)
    due = min((view.next_fire for view in views if view.next_fire is not None), default=now)
    lag = max(0, now - due)
    problems = []
    if not live:
        seen = max((each.seen_at for each in schedulers), default=None)
        last = "" if seen is None else f"; the last one was seen at {iso(seen)}"
        problems.append(f"no scheduler is alive{last}: start `beatd run`")
    elif held < parts:
        problems.append(f"{parts - held} of {parts} parts of the set are held by no scheduler")
    if lag > late_after:
        problems.append(f"the oldest fire that is due waits since {iso(due)}")
    problems += [f"{each.holder}: {each.status['set_refused']}" for each in live if each.status.get("set_refused")]
    problems += [
        f"{each.holder}: its clock was set back; what has fired up to {iso(until)} is not fired again"
        for each in live
        if isinstance(until := each.status.get("clock_back_until"), int)
    ]
    problems += [
        f"{each.holder}: its clock was set forward; held for a minute" for each in live if each.status.get("clock_held")
    ]
    counted = Counter(view.state for view in views)
    return Health(now=now, problems=tuple(problems), parts=parts, parts_held=held, lag_ms=lag / 1000, entries=counted)
