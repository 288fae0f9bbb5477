"""What is odd about entries together: many at one moment, and one task twice."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from beatd.core.compiling import compile_entry
from beatd.core.entry import Entry
from beatd.schedules.base import Schedule
from beatd.schedules.moments import iso

CROWD = 20
"""More entries than this at one moment are worth a word."""

_DAY = 86_400_000_000
_MOST_FIRES = 100
_MOST_STEPS = 200_000
_COMPARED = 10
_NAMED = 3


class Note(NamedTuple):
    """What is odd, and the entry at whose place it is told."""

    entry: str
    text: str


def set_notes(entries: Sequence[Entry], now: int) -> Iterator[Note]:
    """Yield what is odd about the day ahead of these entries; looks at a bounded number of fires."""
    fires = {entry.name: compile_entry(entry) for entry in entries if entry.enabled}
    active = [entry for entry in entries if entry.enabled]
    yield from _crowds(active, fires, now)
    yield from _twins(active, fires, now)


def _crowds(entries: Iterable[Entry], fires: dict[str, Schedule], now: int) -> Iterator[Note]:
    by_schedule: dict[Schedule, list[str]] = defaultdict(list)
    for entry in entries:
        if not entry.jitter:
            by_schedule[fires[entry.name]].append(entry.name)
    most = min(_MOST_FIRES, max(1, _MOST_STEPS // max(len(by_schedule), 1)))
    sizes: dict[int, int] = defaultdict(int)
    for schedule, names in by_schedule.items():
        for moment in islice(schedule.between_us(now, now + _DAY), most):
            sizes[moment] += len(names)
    if not sizes:
        return
    moment = max(sizes, key=lambda each: (sizes[each], -each))
    names = [
        name for schedule, names in by_schedule.items() if schedule.next_us(moment - 1) == moment for name in names
    ]
    if len(names) <= CROWD:
        return
    others = f"{', '.join(names[1 : _NAMED + 1])} and {len(names) - _NAMED - 1} more"
    yield Note(
        names[0],
        f"fires at {iso(moment)} together with {others}: {len(names)} entries on one second; "
        "spread them with jitter, or with H for the minute",
    )


def _twins(entries: Iterable[Entry], fires: dict[str, Schedule], now: int) -> Iterator[Note]:
    by_call: dict[bytes, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_call[msgspec.json.encode((entry.task, entry.args, entry.kwargs), order="sorted")].append(entry)
    for alike in by_call.values():
        for place, entry in enumerate(alike):
            for former in alike[max(0, place - _COMPARED) : place]:
                moment = _shared(fires[former.name], fires[entry.name], now)
                if moment is not None:
                    yield Note(
                        entry.name,
                        f"calls the same task with the same arguments as {former.name!r}, and both fire at "
                        f"{iso(moment)}",
                    )
                    break


def _shared(one: Schedule, other: Schedule, now: int) -> int | None:
    """Return a moment that both name, of the first ones."""
    moment = one.next_us(now)
    for _ in range(_MOST_FIRES):
        if moment is None:
            return None
        found = other.next_us(moment - 1)
        if found == moment:
            return moment
        one, other, moment = other, one, found
    return None
