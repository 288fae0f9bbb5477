"""What was read, cut into pieces that are learned in a moment."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from msgspec.structs import replace

from beatd.core.entry import Version
from beatd.scheduler.timekeeper import SECOND

SLICE = 200
"""How many names are learned before it is looked whether something is due."""

T = TypeVar("T")


def corrected(versions: Sequence[Version], difference: int) -> Iterable[Version]:
    """Return versions with their moments by the state's clock; numbers stay."""
    if abs(difference) <= SECOND:
        return versions
    return (replace(version, changed_at=version.changed_at - difference) for version in versions)


def slices(versions: Iterable[Version]) -> Iterator[list[Version]]:
    """Yield versions, those of a name together."""
    found: list[Version] = []
    for count, (_, of_name) in enumerate(groupby(versions, key=attrgetter("name")), 1):
        found += of_name
        if count % SLICE == 0:
            yield found
            found = []
    if found:
        yield found


def batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield all items, some at a time."""
    return (items[start : start + SLICE] for start in range(0, len(items), SLICE))
