"""Arithmetic progressions: what several intervals name together is counted without a walk."""

from functools import reduce
from itertools import pairwise
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

    def moments(self, after: int, until: int) -> range:
        """Return those that lie in (after, until]."""
        return range(after + 1 + (self.start - after - 1) % self.every, until + 1, self.every)


class Run(NamedTuple):
    """The moments of a progression in [low, high)."""

    low: int
    high: int
    of: Progression


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


def count_within(runs: list[Run], after: int, until: int) -> int:
    """Return how many different moments of (after, until] are in any of these runs."""
    total = 0
    edges = sorted({min(max(edge, after + 1), until + 1) for run in runs for edge in (run.low, run.high)})
    for low, high in pairwise(edges):
        here = [run.of for run in runs if run.low <= low and high <= run.high]
        different = {(each.start % each.every, each.every): each for each in here}
        total += _count_any(tuple(different.values()), low - 1, high - 1)
    return total


def _count_any(progressions: tuple[Progression, ...], after: int, until: int) -> int:
    if len(progressions) <= MOST:
        return count_any(progressions, after, until)
    return len({moment for each in progressions for moment in each.moments(after, until)})
