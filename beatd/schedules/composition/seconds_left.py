"""The seconds that closed days and rules of whole seconds leave of a zone's time."""

from beatd.schedules.base import Schedule
from beatd.schedules.composition.closing import ClosedDays
from beatd.schedules.composition.daily import EVERYTHING, AllTimes, Daily
from beatd.schedules.composition.day_kinds import Layer
from beatd.schedules.composition.grid import Grid
from beatd.schedules.moments import SECOND
from beatd.schedules.wallclock import DAY
from beatd.schedules.zones import Zone


class SecondsLeft:
    """What ``closed`` days and ``rules``, by days and times of day, do not take away. Safe to share between threads."""

    __slots__ = ("_closed", "_rules", "_zone", "grid", "takers")

    def __init__(self, zone: Zone, closed: ClosedDays | None, rules: dict[Schedule, Daily]) -> None:
        self._zone = zone
        self._closed = closed
        self._rules = tuple(rules)
        days = () if closed is None else (Daily(closed, AllTimes()),)
        self.takers: tuple[Daily, ...] = (*days, *rules.values())
        self.grid = Grid(zone, (Layer(EVERYTHING, self.takers, "both"),))

    def takes(self, second: int) -> bool:
        """Return whether the second is taken away."""
        day = (second + self._zone.at(second).offset) // DAY
        moment = second * SECOND
        closed = self._closed is not None and self._closed.has(day)
        return closed or any(rule.next_us(moment - 1) == moment for rule in self._rules)

    def ends_gap(self, second: int) -> bool:
        """Return whether a gap's moments are moved there, which no reading tells."""
        segment = self._zone.at(second)
        return second == segment.start and segment.gap < second + segment.offset

    def next(self, second: int, grid: Grid | None = None) -> int:
        """Return the first second from ``second`` on that may be left; all before it are taken away.

        ``grid`` has the seconds of a schedule, where it is one of days and times of day.
        """
        if self.ends_gap(second):
            return second + self.takes(second)
        return (grid or self.grid).next(second)

    def last(self, second: int, grid: Grid | None = None) -> int:
        """Return the last second up to ``second`` that may be left."""
        if self.ends_gap(second):
            return second - self.takes(second)
        return (grid or self.grid).last(second)

    def count(self, schedule: Schedule, after: int, until: int, limit: int | None) -> int:
        """Return how many fires of (after, until] are left, at most ``limit``: run by run of seconds that are left."""
        total, fire = 0, schedule.next_us(after)
        while fire is not None and fire <= until and (limit is None or total < limit):
            second = fire // SECOND
            left = self.next(second)
            if left == second:
                left = self._run_end(second, until // SECOND + 1)
                total += schedule.count_us(fire - 1, min(left * SECOND - 1, until))
            fire = schedule.next_us(left * SECOND - 1)
        return total if limit is None else min(total, limit)

    def _run_end(self, second: int, stop: int) -> int:
        return second + 1 if self.ends_gap(second) else self.grid.next_taken(second, stop)
