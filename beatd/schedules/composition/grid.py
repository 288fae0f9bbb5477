"""Several rules of days and times of day at once, in the UTC segments of a zone: what is named and not taken away."""

from collections.abc import Callable
from itertools import pairwise

from beatd.schedules.composition.daily import DAY
from beatd.schedules.composition.day_kinds import DayKinds, Layer
from beatd.schedules.zones import Segment, Zone

_HORIZON = 42 * 366
"""Days searched; whoever asks gives up after a year less."""


class Grid:
    """What any of the layers leaves, by local readings.

    The first second of a segment that begins with a gap is not to be asked for: what is moved there has no reading of
    its own. Safe to share between threads.
    """

    __slots__ = ("_layers", "_zone", "kinds")

    def __init__(self, zone: Zone, layers: tuple[Layer, ...]) -> None:
        self._zone = zone
        self._layers = layers
        self.kinds = DayKinds(layers)

    def next(self, second: int) -> int:
        """Return the first second from ``second`` on that may be left, or the end of its segment, or 42 years later."""
        segment = self._zone.at(second)
        # Where clocks never change, a segment has no end.
        return self._first(second, segment, min(segment.end, second + _HORIZON * DAY), taken=False)

    def next_taken(self, second: int, stop: int) -> int:
        """Return the first second from ``second`` on that is not left, at most ``stop`` and the end of its segment."""
        segment = self._zone.at(second)
        return self._first(second, segment, min(segment.end, stop), taken=True)

    def _first(self, second: int, segment: Segment, end: int, *, taken: bool) -> int:
        offset, unit, flip = segment.offset, self.kinds.unit, self.kinds.full if taken else 0
        day, rest = divmod(second + offset, DAY)
        slot = rest // unit
        bits = (self.kinds.left(day, offset) ^ flip) >> slot
        if bits & 1:
            return min(second, end)
        if not bits:
            found = self.kinds.next(day + 1, (end - 1 + offset) // DAY, offset, taken=taken)
            if found is None:
                return end
            day, slot, bits = found, 0, self.kinds.left(found, offset) ^ flip
        slot += (bits & -bits).bit_length() - 1
        return min(day * DAY + slot * unit - offset, end)

    def last(self, second: int) -> int:
        """Return the last second up to ``second`` that may be left, or the one before its segment.

        Of a segment that begins with a gap, its first second; in any case one at most 42 years earlier.
        """
        segment = self._zone.at(second)
        start, offset, unit = segment.start, segment.offset, self.kinds.unit
        # The first second after a gap is for the caller to judge, whatever its reading.
        least = start if segment.gap < start + offset else start - 1
        day, rest = divmod(second + offset, DAY)
        slot = rest // unit
        bits = self.kinds.left(day, offset) & ((2 << slot) - 1)
        if bits >> slot:
            return second
        if not bits:
            start = max(start, (day - _HORIZON) * DAY - offset)
            least = max(least, start - 1)
            found = self.kinds.last(day - 1, (start + offset) // DAY, offset)
            if found is None:
                return least
            day, bits = found, self.kinds.left(found, offset)
        slot = bits.bit_length() - 1
        return max(day * DAY + (slot + 1) * unit - 1 - offset, least)

    def count(self, low: int, stop: int, names: Callable[[int], bool], limit: int | None) -> int:
        """Return how many seconds of [low, stop) are left, or a number above ``limit``.

        ``names`` says whether a second is left into which a gap's moments are moved.
        """
        total = 0
        while low < stop and (limit is None or total < limit):
            segment = self._zone.at(low)
            end = min(segment.end, stop)
            if low == segment.start and segment.gap < low + segment.offset:
                total += names(low)
                low += 1
            total += self._count_in(segment, low + segment.offset, end + segment.offset)
            low = end
        return total

    def _count_in(self, segment: Segment, low: int, high: int) -> int:
        edges = sorted({low, high, *(edge for edge in (segment.fresh, segment.again) if low < edge < high)})
        total = 0
        for start, end in pairwise(edges):
            passes = {"both": True, "first": start >= segment.fresh, "second": start < segment.again}
            active = sum(passes[layer.fold] << place for place, layer in enumerate(self._layers))
            total += self._count_local(start, end, active, segment.offset) if active else 0
        return total

    def _count_local(self, low: int, high: int, active: int, offset: int) -> int:
        unit = self.kinds.unit
        first, start = divmod(low, DAY)
        last, end = divmod(high, DAY)
        start, end = -(-start // unit), -(-end // unit)
        if first == last:
            return (self.kinds.left(first, offset, active) >> start & ((1 << (end - start)) - 1)).bit_count()
        total = (self.kinds.left(first, offset, active) >> start).bit_count()
        if end:
            total += (self.kinds.left(last, offset, active) & ((1 << end) - 1)).bit_count()
        return total + self.kinds.count(first + 1, last, offset, active)
