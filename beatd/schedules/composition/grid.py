"""Several rules of days and times of day at once, in the UTC segments of a zone: what is named and not taken away."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from beatd.schedules.composition.daily import DAY, EVERYTHING, Daily
from beatd.schedules.zones import Segment, Zone

_BLOCK_BITS = 8
_BLOCK = 1 << _BLOCK_BITS
"""Days of a block: no more than there are bytes, so that each day may differ from all others."""

_MOST_BLOCKS = 512
_HORIZON = 42 * 366
"""Days searched; whoever asks gives up after a year less."""


class Layer(NamedTuple):
    """What one rule names and no taker takes away; ``fold``: the passes of a fold in which the rule fires."""

    named: Daily
    takers: tuple[Daily, ...]
    fold: str


def _by_minutes(layer: Layer) -> bool:
    """Return whether one bit a minute tells the layer, so that a day is 180 bytes and not 11 KB."""
    taken = {taker.times.of_minute for taker in layer.takers}
    return (
        taken <= {"all"}
        if layer.named == EVERYTHING
        else layer.named.times.of_minute == "first" and "other" not in taken
    )


class _Block(NamedTuple):
    """For each day the place of its kind in ``kinds``, and 1 where that kind has any time left.

    A kind is the set of rules that have the day, as bits.
    """

    places: bytes
    kinds: list[int]
    left: bytes


class Grid:
    """What any of the layers leaves, by local readings.

    The first second of a segment that begins with a gap is not to be asked for: what is moved there has no reading of
    its own. Safe to share between threads: tables are immutable and put in place by one assignment.
    """

    __slots__ = ("_bits", "_blocks", "_layers", "_rules", "_unit", "_varies", "_zone")

    def __init__(self, zone: Zone, layers: tuple[Layer, ...]) -> None:
        self._zone = zone
        self._layers = layers
        self._rules = tuple(dict.fromkeys(rule for layer in layers for rule in (layer.named, *layer.takers)))
        self._unit = 60 if all(_by_minutes(layer) for layer in layers) else 1
        self._varies = any(rule.times.varies for rule in self._rules)
        self._blocks: dict[tuple[int, int], _Block] = {}
        self._bits: dict[tuple[int, int, int], int] = {}

    def next(self, second: int) -> int:
        """Return the first second from ``second`` on that may be left, or the end of its segment, or 42 years later."""
        segment = self._zone.at(second)
        end, offset = segment.end, segment.offset
        day, rest = divmod(second + offset, DAY)
        slot = rest // self._unit
        bits = self._day(day, offset) >> slot
        if bits & 1:
            return second
        if not bits:
            # Where clocks never change, a segment has no end.
            end = min(end, (day + _HORIZON) * DAY - offset)
            found = self._next_day(day + 1, (end - 1 + offset) // DAY, offset)
            if found is None:
                return end
            day, slot, bits = found, 0, self._day(found, offset)
        slot += (bits & -bits).bit_length() - 1
        return min(day * DAY + slot * self._unit - offset, end)

    def last(self, second: int) -> int:
        """Return the last second up to ``second`` that may be left, or the one before its segment.

        Of a segment that begins with a gap, its first second; in any case one at most 42 years earlier.
        """
        segment = self._zone.at(second)
        start, offset = segment.start, segment.offset
        # The first second after a gap is for the caller to judge, whatever its reading.
        least = start if segment.gap < start + offset else start - 1
        day, rest = divmod(second + offset, DAY)
        slot = rest // self._unit
        bits = self._day(day, offset) & ((2 << slot) - 1)
        if bits >> slot:
            return second
        if not bits:
            start = max(start, (day - _HORIZON) * DAY - offset)
            least = max(least, start - 1)
            found = self._last_day(day - 1, (start + offset) // DAY, offset)
            if found is None:
                return least
            day, bits = found, self._day(found, offset)
        slot = bits.bit_length() - 1
        return max(day * DAY + (slot + 1) * self._unit - 1 - offset, least)

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
        first, start = divmod(low, DAY)
        last, end = divmod(high, DAY)
        start, end = -(-start // self._unit), -(-end // self._unit)
        if first == last:
            return (self._left(first, active, offset) >> start & ((1 << (end - start)) - 1)).bit_count()
        total = (self._left(first, active, offset) >> start).bit_count()
        if end:
            total += (self._left(last, active, offset) & ((1 << end) - 1)).bit_count()
        return total + self._count_days(first + 1, last, active, offset)

    def _count_days(self, low: int, high: int, active: int, offset: int) -> int:
        total = 0
        while low < high:
            number = low >> _BLOCK_BITS
            start = number << _BLOCK_BITS
            until = min(high, start + _BLOCK)
            block = self._block(number, offset)
            for place, kind in enumerate(block.kinds):
                days = block.places.count(place, low - start, until - start)
                total += days * self._times(kind, active, offset).bit_count() if days else 0
            low = until
        return total

    def _day(self, day: int, offset: int) -> int:
        return self._left(day, -1, offset)

    def _left(self, day: int, active: int, offset: int) -> int:
        block = self._block(day >> _BLOCK_BITS, offset)
        return self._times(block.kinds[block.places[day & (_BLOCK - 1)]], active, offset)

    def _next_day(self, day: int, last: int, offset: int) -> int | None:
        while day <= last:
            number = day >> _BLOCK_BITS
            found = self._block(number, offset).left.find(1, day & (_BLOCK - 1))
            if found >= 0:
                return (number << _BLOCK_BITS) + found
            day = (number + 1) << _BLOCK_BITS
        return None

    def _last_day(self, day: int, first: int, offset: int) -> int | None:
        while day >= first:
            number = day >> _BLOCK_BITS
            found = self._block(number, offset).left.rfind(1, 0, (day & (_BLOCK - 1)) + 1)
            if found >= 0:
                return (number << _BLOCK_BITS) + found
            day = (number << _BLOCK_BITS) - 1
        return None

    def _block(self, number: int, offset: int) -> _Block:
        key = (number, offset if self._varies else 0)
        block = self._blocks.get(key)
        if block is None:
            block = self._build(number << _BLOCK_BITS, offset)
            if len(self._blocks) >= _MOST_BLOCKS:
                self._blocks.clear()
            self._blocks[key] = block
        return block

    def _build(self, first: int, offset: int) -> _Block:
        of_days = [0] * _BLOCK
        for place, rule in enumerate(self._rules):
            table = b"\1" * _BLOCK if rule.days is None else rule.days.table(first, _BLOCK)
            of_days = [kind | has << place for kind, has in zip(of_days, table, strict=True)]
        kinds = {kind: place for place, kind in enumerate(dict.fromkeys(of_days))}
        left = [self._times(kind, -1, offset) != 0 for kind in kinds]
        places = bytes(kinds[kind] for kind in of_days)
        return _Block(places, list(kinds), bytes(left[place] for place in places))

    def _times(self, kind: int, active: int, offset: int) -> int:
        key = (kind, active, offset if self._varies else 0)
        bits = self._bits.get(key)
        if bits is None:
            bits = 0
            for place, layer in enumerate(self._layers):
                if active >> place & 1:
                    bits |= self._of_layer(layer, kind, offset)
            if len(self._bits) >= _MOST_BLOCKS:
                self._bits.clear()
            self._bits[key] = bits
        return bits

    def _of_layer(self, layer: Layer, kind: int, offset: int) -> int:
        rules = self._rules
        if not kind >> rules.index(layer.named) & 1:
            return 0
        bits = layer.named.times.bits(self._unit, offset)
        for taker in layer.takers:
            if kind >> rules.index(taker) & 1:
                bits &= ~taker.times.bits(self._unit, offset)
        return bits
