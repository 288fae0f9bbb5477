"""Schedules of instants whose fires on closed days move: to the instant of the same local reading on an open day."""

from collections.abc import Iterator
from typing import Self

from beatd.schedules.at import At
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.composition.closing import ClosedDays
from beatd.schedules.composition.progressions import count_within, progression
from beatd.schedules.composition.same_event import distance
from beatd.schedules.composition.window import Window
from beatd.schedules.interval import Interval
from beatd.schedules.moments import FIRST, LAST, SECOND
from beatd.schedules.terms import checked_zone
from beatd.schedules.zones import Segment, Zone

DAY = 86_400
_AROUND = 18 * 3600  # seconds; no offset from UTC is larger
_HORIZON = 41 * 366 * DAY * SECOND
_HOUR = 3600 * SECOND


class MovedInstants(Schedule):
    """What ``inner`` names, moved by the local reading of each instant. Immutable, hashable.

    A reading in a gap of up to three hours moves to its end, one that occurs twice is the first, unless the entry's
    ``gap`` and ``fold`` say otherwise; what is on an open day stays as it is.
    """

    __slots__ = ("_closed", "_fold", "_forward", "_key", "_shifts", "_zone", "inner")

    def __init__(self, inner: Schedule, closed: ClosedDays, readings: tuple[Zone, str, str], *, forward: bool) -> None:
        self.inner = inner
        self._closed, self._forward = closed, forward
        self._zone, gap, self._fold = readings
        self._shifts = gap == "shift"
        self._key = (inner, closed, forward, self._zone.key, self._shifts, self._fold)

    def __str__(self) -> str:
        return str(self.inner)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, MovedInstants) and self._key == other._key)

    def __hash__(self) -> int:
        return hash(self._key)

    def under(self, terms: Terms) -> Self:
        """Return the inner schedule under these terms, moved alike. Raises InvalidScheduleError."""
        zone = checked_zone(str(self), terms.timezone, terms.gap, terms.fold)
        readings = (zone, terms.gap or "shift", terms.fold or "first")
        return type(self)(self.inner.under(terms), self._closed, readings, forward=self._forward)

    def next_us(self, after: int) -> int | None:
        """Return the first fire time strictly later than ``after``, or None if there is none in 40 years."""
        after = max(after, FIRST - 1)
        day, horizon = self._day_of(after) - 1, None
        while True:
            opened = self._closed.next(day, within=False)
            if opened is None:
                return None
            # Where the clock goes back over midnight, two days are mixed.
            found = [fire for each in (opened, opened + 1) for fire in self._firsts(each, after)]
            if found:
                return min(found) if min(found) <= LAST else None
            source = self.inner.next_us(self._edge(self._sources(opened).stop) - 1)
            if source is None or (horizon is not None and source > horizon):
                return None
            horizon = horizon or source + _HORIZON
            target = self._closed.moved(self._day_of(source) - 1, forward=self._forward)
            day = max(opened + 1, target or 0)

    def last_us(self, before: int) -> int | None:
        """Return the last fire time strictly earlier than ``before``, or None if there is none in 40 years."""
        before = min(before, LAST + 1)
        day, horizon = self._day_of(before) + 1, None
        while True:
            opened = self._closed.last(day, within=False)
            if opened is None:
                return None
            found = [fire for each in (opened, opened - 1) for fire in self._lasts(each, before)]
            if found:
                return max(found) if max(found) >= FIRST else None
            source = self.inner.last_us(self._edge(self._sources(opened).start, late=True))
            if source is None or (horizon is not None and source < horizon):
                return None
            horizon = horizon or source - _HORIZON
            target = self._closed.moved(self._day_of(source) + 1, forward=self._forward)
            day = opened - 1 if target is None else min(opened - 1, target)

    def may_fire(self) -> bool:
        """Return False where it is certain that it never fires: one moment can be looked at."""
        return not isinstance(self.inner, At) or self.next_us(FIRST - 1) is not None

    def count_us(self, after: int, until: int, limit: int | None = None) -> int:
        """Return how many fire times lie in (after, until], at most ``limit``; of an interval by days."""
        after, until = max(after, FIRST - 1), min(until, LAST)
        total = 0
        for number in self._counted(after, until):
            total += number
            if limit is not None and total >= limit:
                return limit
        return total

    def _counted(self, after: int, until: int) -> Iterator[int]:
        """Yield numbers of fire times that lie in (after, until]."""
        if not isinstance(self.inner, Interval):
            yield from (1 for _ in self.between_us(after, until))
            return
        every = progression(self.inner)
        shifted: set[int] = set()
        day = self._closed.next(self._day_of(after) - 1, within=False)
        last = self._day_of(until) + 1
        while day is not None and day <= last:
            windows = list(self._windows(day))
            shifted.update(each.onto for each in windows if each.onto is not None and self._hits(each))
            yield count_within([each.run(every) for each in windows if each.onto is None], after, until)
            day = self._closed.next(day + 1, within=False)
        yield sum(after < moment <= until and not self._stays(moment) for moment in shifted)

    def _hits(self, window: Window) -> bool:
        found = self.inner.next_us(window.low - 1)
        return found is not None and found < window.high

    def _stays(self, moment: int) -> bool:
        """Return whether an interval is moved to this moment by its reading there, not out of a gap."""
        windows = [each for each in self._windows(self._day_of(moment)) if each.onto is None]
        return any(
            each.low <= moment - each.shift < each.high
            and self.inner.next_us(moment - each.shift - 1) == moment - each.shift
            for each in windows
        )

    def next_owed_us(self, settled: int) -> int | None:
        """Return the first fire time owed once the one at ``settled`` is.

        Of the sun's events the one nearest to a moment that is none of them, within the hour, is the same event.
        """
        found = self.next_us(settled - 1)
        if found is None or found == settled or distance(self, settled) is None:
            return self.next_us(settled)
        last = self.last_us(settled)
        same = found - settled < _HOUR and (last is None or found - settled <= settled - last)
        return self.next_us(found) if same else found

    def _sources(self, day: int) -> range:
        return self._closed.sources(day, forward=self._forward)

    def _day_of(self, moment: int) -> int:
        second = moment // SECOND
        return (second + self._zone.at(second).offset) // DAY

    def _edge(self, day: int, *, late: bool = False) -> int:
        return (day * DAY + (_AROUND if late else -_AROUND)) * SECOND

    def _firsts(self, day: int, after: int) -> Iterator[int]:
        for low, high, shift, onto in self._windows(day):
            found = self.inner.next_us(low - 1 if onto is not None else max(after - shift, low - 1))
            if found is not None and found < high and (onto is None or onto > after):
                yield found + shift if onto is None else onto

    def _lasts(self, day: int, before: int) -> Iterator[int]:
        for low, high, shift, onto in self._windows(day):
            found = self.inner.last_us(high if onto is not None else min(before - shift, high))
            if found is not None and found >= low and (onto is None or onto < before):
                yield found + shift if onto is None else onto

    def _windows(self, day: int) -> Iterator[Window]:
        """Yield where the fires of an open day come from."""
        if self._closed.has(day):
            return
        for source in self._sources(day):
            for segment in self._segments(source):
                low = max(segment.start + segment.offset, source * DAY)
                high = min(segment.end + segment.offset, (source + 1) * DAY)
                if low >= high:
                    continue
                if source == day:
                    yield Window((low - segment.offset) * SECOND, (high - segment.offset) * SECOND, 0)
                else:
                    moved = (day - source) * DAY
                    yield from self._onto(day, low + moved, high + moved, moved + segment.offset)

    def _onto(self, day: int, low: int, high: int, shift: int) -> Iterator[Window]:
        """Yield the windows of the readings [low, high) of ``day``, which are their sources in UTC plus ``shift``."""
        for segment in self._segments(day):
            start, end, offset, fresh, again, gap = segment
            first = max(low, fresh if self._fold == "first" else start + offset)
            last = min(high, again if self._fold == "second" else end + offset)
            if first < last:
                yield Window((first - shift) * SECOND, (last - shift) * SECOND, (shift - offset) * SECOND)
            first, last = max(low, gap), min(high, start + offset)
            if self._shifts and first < last:
                yield Window((first - shift) * SECOND, (last - shift) * SECOND, 0, start * SECOND)

    def _segments(self, day: int) -> Iterator[Segment]:
        second = day * DAY - _AROUND
        while second < (day + 1) * DAY + _AROUND:
            segment = self._zone.at(second)
            yield segment
            second = segment.end
