"""Sets of days as tables of one byte a day, built block by block, searched by the C code of bytes."""

from abc import ABC, abstractmethod

_BLOCK_BITS = 10
_BLOCK = 1 << _BLOCK_BITS  # 1024 days, a little under three years
_HORIZON_BLOCKS = 16
"""Blocks searched, 44 years."""

_MOST_BLOCKS = 64


class DayBlocks(ABC):
    """A set of days numbered from 1970-01-01. Safe to share between threads."""

    __slots__ = ("_blocks",)

    def __init__(self) -> None:
        self._blocks: dict[int, bytes] = {}

    @abstractmethod
    def table(self, first: int, size: int) -> bytes:
        """Return one byte a day, 1 for those in the set, of the ``size`` days from ``first`` on."""

    def has(self, day: int) -> bool:
        """Return whether the day is in the set."""
        return self._block(day >> _BLOCK_BITS)[day & (_BLOCK - 1)] == 1

    def next(self, day: int, *, within: bool = True) -> int | None:
        """Return the first day in the set, or not ``within`` it, from ``day`` on, or None in 40 years."""
        number, place = day >> _BLOCK_BITS, day & (_BLOCK - 1)
        for block in range(number, number + _HORIZON_BLOCKS):
            found = self._block(block).find(within, place)
            if found >= 0:
                return (block << _BLOCK_BITS) + found
            place = 0
        return None

    def last(self, day: int, *, within: bool = True) -> int | None:
        """Return the last day in the set, or not ``within`` it, up to ``day``, or None in 40 years."""
        number, place = day >> _BLOCK_BITS, day & (_BLOCK - 1)
        for block in range(number, number - _HORIZON_BLOCKS, -1):
            found = self._block(block).rfind(within, 0, place + 1)
            if found >= 0:
                return (block << _BLOCK_BITS) + found
            place = _BLOCK - 1
        return None

    def count(self, low: int, high: int) -> int:
        """Return how many of the days of [low, high) are in the set."""
        total = 0
        while low < high:
            start = low >> _BLOCK_BITS << _BLOCK_BITS
            until = min(high, start + _BLOCK)
            total += self._block(low >> _BLOCK_BITS).count(1, low - start, until - start)
            low = until
        return total

    def _block(self, number: int) -> bytes:
        block = self._blocks.get(number)
        if block is None:
            block = self.table(number << _BLOCK_BITS, _BLOCK)
            if len(self._blocks) >= _MOST_BLOCKS:
                self._blocks.clear()
            self._blocks[number] = block
        return block
