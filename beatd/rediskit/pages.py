"""Long lists in short pages: while the server answers one request, it does nothing else."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def pages(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the items in order, at most ``size`` at a time."""
    return (items[at : at + size] for at in range(0, len(items), size))
