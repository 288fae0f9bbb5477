"""What a calendar was at any moment, as its row and the log of changes tell."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from beatd.core.rows.columns import Document
from beatd.core.rows.line import Logged


class _Unknown:
    """What the log does not hold any more."""


UNKNOWN: Final = _Unknown()

Told = Document | None | _Unknown


@dataclass(frozen=True, slots=True)
class Past:
    """What a calendar was from each number on, in order; ``first``: before all of them. None: it was not there."""

    numbers: Sequence[int]
    told: Sequence[Told]
    first: Told = None

    def at(self, number: int) -> Told:
        """Return what it was at a number."""
        place = bisect_right(self.numbers, number)
        return self.told[place - 1] if place else self.first

    def until(self, number: int) -> Iterator[tuple[int, Told]]:
        """Yield what it was up to a number, each with where that began, the newest first."""
        for place in range(bisect_right(self.numbers, number) - 1, -1, -1):
            yield self.numbers[place], self.told[place]
        yield 0, self.first


def past_of(log: Sequence[Logged], row: tuple[int, Document] | None) -> Past:
    """Return the past of a calendar from its log, in the order of ``seq``, and its (number, document) now."""
    told: dict[int, Told] = {}
    for each in log:
        if each.former is not None and each.former_changed_at is not None:
            told[each.former_changed_at] = each.former
        told[each.changed_at] = None if each.op == "delete" else UNKNOWN
    last = max(told, default=0)
    if row is not None:
        told[max(last, row[0])] = row[1]
    elif told and told[last] is UNKNOWN:
        told[last] = None  # deleted behind the triggers
    fresh = log[0].op == "insert" if log else row is None
    numbers = sorted(told)
    return Past(numbers, [told[number] for number in numbers], None if fresh else UNKNOWN)
