"""Arithmetic progressions: what several intervals name together is counted without a walk."""

from functools import reduce
from math import gcd
from typing import NamedTuple

from beatd.schedules.interval import Interval

MOST = 8
"""Progressions counted at a time; there are up to 255 intersections of so many."""


class Progression(NamedTuple):
    """All ``start + n * every`` for whole n, of either sign."""

    start: int
    every: int

    def within(self, after: int, until: int) -> int:
        """Return how many lie in (after, until]."""
        return (until - self.start) // self.every - (after - self.start) // self.every


def progression(interval: Interval) -> Progression:
    """Return the moments of an interval, in microseconds."""
    return Progression(interval.anchor + interval.offset, interval.every)


def common(one: Progression, other: Progression) -> Progression | None:
    """Return what both have, by the Chinese remainder theorem, or None."""
    divisor = gcd(one.every, other.every)
    turns, rest = divmod(other.start - one.start, divisor)
    if rest:
        return None
    modulus = other.every // divisor
    steps = turns * pow(one.every // divisor, -1, modulus) % modulus
    return Progression(one.start + steps * one.every, one.every * modulus)


def count_any(progressions: tuple[Progression, ...], after: int, until: int) -> int:
    """Return how many moments of (after, until] any of them has: sums of intersections, added and taken in turn."""
    if until <= after:
        return 0

    def extended(sums: list[tuple[int, Progression]], new: Progression) -> list[tuple[int, Progression]]:
        both = ((sign, common(old, new)) for sign, old in sums)
        return [*sums, (1, new), *((-sign, each) for sign, each in both if each is not None)]

    none: list[tuple[int, Progression]] = []
    return sum(sign * each.within(after, until) for sign, each in reduce(extended, progressions, none))
