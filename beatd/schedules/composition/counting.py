"""How many different moments several schedules name, with as little walking as can be."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from beatd.schedules.base import Schedule
from beatd.schedules.composition.grid import Grid
from beatd.schedules.composition.layers import Placed, placed
from beatd.schedules.composition.progressions import MOST, count_any, progression
from beatd.schedules.interval import Interval
from beatd.schedules.moments import FIRST, LAST, SECOND
from beatd.schedules.zones import Zone, zone

Count = Callable[[int, int, int | None], int]
"""Of (after, until], at most the limit."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Schedules whose different moments are counted together."""

    members: tuple[Schedule, ...]
    count: Count

    def next(self, after: int) -> int | None:
        return min((fire for each in self.members if (fire := each.next_us(after)) is not None), default=None)


def count_different(parts: tuple[Schedule, ...], after: int, until: int, limit: int | None) -> int:
    """Return how many different moments of (after, until] any of the parts names, at most ``limit``.

    Rules of one zone, and intervals, are counted by arithmetic. Only where these meet each other or a rule of another
    kind is the sparser side walked, to see which of its moments are new.
    """
    counted = sorted(
        ((group.count(after, until, limit), group) for group in _groups(parts)), key=lambda pair: pair[0], reverse=True
    )
    total = counted[0][0]
    known = [counted[0][1]]
    for _, group in counted[1:]:
        moment = group.next(after)
        while moment is not None and moment <= until and (limit is None or total < limit):
            total += not any(other.next(moment - 1) == moment for other in known)
            moment = group.next(moment)
        known.append(group)
    return total


@lru_cache(maxsize=1024)
def _groups(parts: tuple[Schedule, ...]) -> tuple[_Group, ...]:
    found = {part: placed(part) for part in parts}
    intervals = [part for part in parts if isinstance(part, Interval)][:MOST]
    if all(found[each] for each in intervals) and len(intervals) < len(parts):
        intervals = []  # as times of day they go together with crontabs
    daily = {part: place for part, place in found.items() if place is not None and part not in intervals}
    home = next((place.zone for place in daily.values() if place.zone is not None), None) or zone("UTC")
    gridded = {part: place for part, place in daily.items() if place.zone is None or place.zone.key == home.key}
    groups = [_alone(part) for part in parts if part not in gridded and part not in intervals]
    if gridded:
        groups.append(_of_days(gridded, home) if len(gridded) > 1 else _alone(*gridded))
    if intervals:
        groups.append(_of_intervals(tuple(intervals)))
    return tuple(groups)


def _alone(part: Schedule) -> _Group:
    return _Group((part,), part.count_us)


def _of_days(places: dict[Schedule, Placed], home: Zone) -> _Group:
    members = tuple(places)
    grid = Grid(home, tuple(place.layer for place in places.values()))

    def named(second: int) -> bool:
        return any(each.next_us(second * SECOND - 1) == second * SECOND for each in members)

    def count(after: int, until: int, limit: int | None) -> int:
        low, stop = max(after, FIRST - 1) // SECOND + 1, min(until, LAST) // SECOND + 1
        total = grid.count(low, stop, named, limit)
        return total if limit is None else min(total, limit)

    return _Group(members, count)


def _of_intervals(intervals: tuple[Interval, ...]) -> _Group:
    progressions = tuple(progression(each) for each in intervals)

    def count(after: int, until: int, limit: int | None) -> int:
        total = count_any(progressions, max(after, FIRST - 1), min(until, LAST))
        return total if limit is None else min(total, limit)

    return _Group(intervals, count)
