"""The kinds of days that several rules make together, and which times of each kind are named and not taken away."""

from typing import NamedTuple

from beatd.schedules.composition.daily import DAY, EVERYTHING, Daily

_BLOCK_BITS = 8
_BLOCK = 1 << _BLOCK_BITS
"""Days of a block: no more than there are bytes, so that each day may differ from all others."""

_PACKED = 8  # rules, of which one byte tells those that have the day
_MOST_BLOCKS = 512


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
    """For each day the number of its kind, what it is, and 1 where that kind has any time left, or taken away.

    A kind is the set of rules that have the day, as bits.
    """

    places: bytes
    kinds: dict[int, int]
    left: bytes
    taken: bytes


class DayKinds:
    """Times of day as bits, for ``unit`` seconds each, of days in segments of one offset.

    Safe to share between threads: tables are immutable and put in place by one assignment.
    """

    __slots__ = ("_bits", "_blocks", "_layers", "_rules", "full", "unit", "varies")

    def __init__(self, layers: tuple[Layer, ...]) -> None:
        self._layers = layers
        self._rules = tuple(dict.fromkeys(rule for layer in layers for rule in (layer.named, *layer.takers)))
        self.unit = 60 if all(_by_minutes(layer) for layer in layers) else 1
        self.full = (1 << DAY // self.unit) - 1
        self.varies = any(rule.times.varies for rule in self._rules)
        self._blocks: dict[tuple[int, int], _Block] = {}
        self._bits: dict[tuple[int, int, int], int] = {}

    def left(self, day: int, offset: int, active: int = -1) -> int:
        """Return what the layers, those that are ``active`` (as bits), leave of a day."""
        block = self._block(day >> _BLOCK_BITS, offset)
        return self._times(block.kinds[block.places[day & (_BLOCK - 1)]], active, offset)

    def next(self, day: int, last: int, offset: int, *, taken: bool = False) -> int | None:
        """Return the first day from ``day`` to ``last`` with any time left, or ``taken`` away."""
        while day <= last:
            number = day >> _BLOCK_BITS
            block = self._block(number, offset)
            found = (number << _BLOCK_BITS) + (block.taken if taken else block.left).find(1, day & (_BLOCK - 1))
            if found >= day:
                return found if found <= last else None
            day = (number + 1) << _BLOCK_BITS
        return None

    def last(self, day: int, first: int, offset: int) -> int | None:
        """Return the last day from ``day`` back to ``first`` with any time left."""
        while day >= first:
            number = day >> _BLOCK_BITS
            found = self._block(number, offset).left.rfind(1, 0, (day & (_BLOCK - 1)) + 1)
            if found >= 0:
                return (number << _BLOCK_BITS) + found
            day = (number << _BLOCK_BITS) - 1
        return None

    def count(self, low: int, high: int, offset: int, active: int) -> int:
        """Return how many units of the days [low, high) the active layers leave."""
        total = 0
        while low < high:
            number = low >> _BLOCK_BITS
            start = number << _BLOCK_BITS
            until = min(high, start + _BLOCK)
            block = self._block(number, offset)
            for place, kind in block.kinds.items():
                days = block.places.count(place, low - start, until - start)
                total += days * self._times(kind, active, offset).bit_count() if days else 0
            low = until
        return total

    def _block(self, number: int, offset: int) -> _Block:
        key = (number, offset if self.varies else 0)
        block = self._blocks.get(key)
        if block is None:
            block = self._build(number << _BLOCK_BITS, offset)
            if len(self._blocks) >= _MOST_BLOCKS:
                self._blocks.clear()
            self._blocks[key] = block
        return block

    def _build(self, first: int, offset: int) -> _Block:
        tables = [b"\1" * _BLOCK if rule.days is None else rule.days.table(first, _BLOCK) for rule in self._rules]
        packed = [_packed(tables[place : place + _PACKED]) for place in range(0, len(tables), _PACKED)]
        if len(packed) == 1:
            places, kinds = packed[0], {kind: kind for kind in set(packed[0])}
        else:
            of_days = [sum(each << _PACKED * at for at, each in enumerate(day)) for day in zip(*packed, strict=True)]
            numbers = {kind: place for place, kind in enumerate(dict.fromkeys(of_days))}
            places, kinds = bytes(map(numbers.__getitem__, of_days)), {at: kind for kind, at in numbers.items()}
        left, taken = bytearray(_BLOCK), bytearray(_BLOCK)
        for place, kind in kinds.items():
            bits = self._times(kind, -1, offset)
            left[place], taken[place] = bits != 0, bits != self.full
        return _Block(places, kinds, places.translate(left), places.translate(taken))

    def _times(self, kind: int, active: int, offset: int) -> int:
        key = (kind, active, offset if self.varies else 0)
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
        bits = layer.named.times.bits(self.unit, offset)
        for taker in layer.takers:
            if kind >> rules.index(taker) & 1:
                bits &= ~taker.times.bits(self.unit, offset)
        return bits


def _packed(tables: list[bytes]) -> bytes:
    """Return one byte a day, whose bits tell which of up to eight tables have a 1 there."""
    bits = sum(int.from_bytes(table, "little") << place for place, table in enumerate(tables))
    return bits.to_bytes(_BLOCK, "little")
