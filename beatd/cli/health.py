"""Whether the schedulers of a namespace do their work, judged from what they and the store say."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beatd import rowports
from beatd.brokerports import WorkerInfo
from beatd.core.identity import PARTS
from beatd.ports import Installation, SchedulerInfo
from beatd.schedules.moments import iso, to_us
from beatd.wiring.entries import EntryView


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What `beatd status` finds; ``lag_ms``: how long the oldest unsettled fire has been due.

    ``entries``: those of the set, by state. ``late``: entries whose oldest due fire is late; of rows as live schedulers
    tell. ``waits_until``: the clock was set back behind what is settled, and nothing of those entries fires until then.
    """

    now: int
    problems: tuple[str, ...]
    parts: int
    parts_held: int
    lag_ms: float
    entries: Mapping[str, int]
    late: int = 0
    waits_until: int | None = None


STALE = 4 * 1_000_000
"""A scheduler renews its lease every two seconds, with a tick; one not seen for this many microseconds hangs."""

CLOCK_BACK = 1_000_000
"""How far in the future a record may be settled before the clock counts as set back; hosts differ a little."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is too much, in microseconds, and how many parts there are."""

    late_after: int
    max_clock_skew: int
    parts: int = PARTS


def judge(
    schedulers: Sequence[SchedulerInfo],
    views: Sequence[EntryView],
    installation: Installation | None,
    *,
    now: int,
    limits: Limits,
) -> Health:
    """Return what is wrong in words, and the figures behind it."""
    live = [each for each in schedulers if each.is_live(now)]
    held = sum(each.parts for each in live)
    lag, due = max((*_waits_of_set(views, now), *_waits_told(schedulers, now)), default=(0, now))
    settled = max((view.settled_to for view in views if view.settled_to is not None), default=now)
    problems = []
    if not live:
        seen = max((each.seen_at for each in schedulers), default=None)
        last = "" if seen is None else f"; the last one was seen at {iso(seen)}"
        problems.append(f"no scheduler is alive{last}: start `beatd run`")
    elif held < limits.parts:
        problems.append(f"{limits.parts - held} of {limits.parts} parts of the set are held by no scheduler")
    if lag > limits.late_after:
        problems.append(f"the oldest fire that is due waits since {iso(due)}")
    if installation is not None and installation.rolled_back_at is not None:
        said = f"the store went back (noticed {iso(installation.rolled_back_at)}), and nothing is fired"
        problems.append(f"{said}: `beatd forward --to now --reason TEXT`, or `beatd run --catch-up`")
    for each in live:
        problems += _complaints(each, now, limits)
    back = settled - now > CLOCK_BACK
    if back:
        problems.append(f"the clock was set back: what has fired waits until {iso(settled)}")
    return Health(
        now=now,
        problems=tuple(problems),
        parts=limits.parts,
        parts_held=held,
        lag_ms=lag / 1000,
        entries=Counter(view.state for view in views),
        late=max(
            sum(waited > limits.late_after for waited, _ in _waits_of_set(views, now)),
            sum(number for each in live if isinstance(number := each.status.get("late"), int)),
        ),
        waits_until=settled if back else None,
    )


def _waits_of_set(views: Sequence[EntryView], now: int) -> Iterator[tuple[int, int]]:
    """Yield for how long what is due of the set has waited, and since when."""
    return (
        (now - view.next_fire, view.next_fire) for view in views if view.next_fire is not None and now > view.next_fire
    )


def _waits_told(schedulers: Sequence[SchedulerInfo], now: int) -> Iterator[tuple[int, int]]:
    """Yield the same as schedulers tell it of all that they look after, rows too.

    What a live one told has been settled since, or is told again; what one that has ended told waits, unless another
    one was there after it.
    """
    last = max((each.seen_at for each in schedulers), default=now)
    is_any_live = any(each.is_live(now) for each in schedulers)
    for each in schedulers:
        told = each.status.get("next_due")
        counts = each.is_live(now) if is_any_live else last - each.seen_at < STALE
        if counts and isinstance(told, str):
            due = to_us(datetime.fromisoformat(told))
            waited = (each.seen_at if is_any_live else now) - due
            if waited > 0:
                yield waited, due


def tables_told(schedulers: Sequence[SchedulerInfo], now: int) -> list[Mapping[str, Any]]:
    """Return what schedulers say of the tables that they read, by name: of each what the one seen last says.

    Where none is live, what those that were say.
    """
    live = [each for each in schedulers if each.is_live(now)] or schedulers
    found: dict[str, Mapping[str, Any]] = {}
    for each in sorted(live, key=lambda each: each.seen_at):
        found.update((table["name"], table) for table in rowports.tables_in(each.status))
    return [found[name] for name in sorted(found)]


def _complaints(scheduler: SchedulerInfo, now: int, limits: Limits) -> Iterator[str]:
    """Yield what is wrong with a live scheduler."""
    status, skew = scheduler.status, scheduler.status.get("clock_skew_ms")
    if now - scheduler.seen_at > STALE:
        yield f"{scheduler.holder}: its tick is stale, the last one was at {iso(scheduler.seen_at)}"
    if status.get("set_refused"):
        yield f"{scheduler.holder}: {status['set_refused']}"
    if status.get("strange_store"):
        yield f"{scheduler.holder}: the store is another one than before, it fires nothing: see `beatd state status`"
    if status.get("clock_held"):
        yield f"{scheduler.holder}: its clock was set forward; held for a minute"
    for table in tables_told([scheduler], now):
        if table.get("trouble"):
            yield f"{scheduler.holder}: edits are not noticed: {table['trouble']}"
    if isinstance(until := status.get("clock_back_until"), int):
        yield f"{scheduler.holder}: its clock was set back; what has fired up to {iso(until)} is not fired again"
    if isinstance(skew, int | float) and abs(skew) * 1000 > limits.max_clock_skew:
        yield f"{scheduler.holder}: its clock and the store's are {abs(skew) / 1000:.1f}s apart"
