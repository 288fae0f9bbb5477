"""In which order a child asks its queues: all as one line, some before the others, or drawn by weight."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

HEAVIEST = 1000
_FIRST = "first"
_WEIGHT = re.compile(r"[0-9]{1,4}")


class Share(NamedTuple):
    """One queue; ``weight`` None: it goes before those that have one, in the order written."""

    queue: str
    weight: int | None


def parse_share(text: str) -> tuple[str, Share | None]:
    """Return the queue that ``mails``, ``mails:5`` or ``mails:first`` names, and its share if it says one.

    Raises ValueError with the remedy.
    """
    name, colon, told = text.rpartition(":")
    if not colon:
        return text, None
    if not name.strip():
        raise ValueError(f"{text!r} names no queue; write NAME:WEIGHT, as in mails:5")
    if told == _FIRST:
        return name, Share(name, None)
    weight = int(told) if _WEIGHT.fullmatch(told) else 0
    if not 1 <= weight <= HEAVIEST:
        told = f"{text!r}: a weight is a whole number from 1 to {HEAVIEST}, or `first`"
        raise ValueError(f"{told}; a queue of that very name is {text + ':1'!r}")
    return name, Share(name, weight)


def parse_queues(texts: Sequence[str]) -> tuple[tuple[str, ...], tuple[Share, ...]]:
    """Return the queues' names and, where any has a weight, their shares: 1 for those without. Raises ValueError."""
    told = [parse_share(text) for text in texts]
    names = [name for name, _ in told]
    if all(share is None for _, share in told):
        return tuple(dict.fromkeys(names)), ()
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is named twice; give it one weight")
    return tuple(names), tuple(share or Share(name, 1) for name, share in told)


def drawn(shares: Sequence[Share], draw: Callable[[], float]) -> list[str]:
    """Return the queues in the order in which to ask them now; ``draw`` returns numbers in [0, 1).

    Of those with weights one with W is the first in W of as many claims as the weights come to, so none is left out
    for ever; what goes before them leaves them out for as long as it is not empty.
    """
    first = [share.queue for share in shares if share.weight is None]
    # As Efraimidis and Spirakis draw without putting back: by the weight-th root of an even number.
    keys = {share.queue: draw() ** (1 / share.weight) for share in shares if share.weight is not None}
    return first + sorted(keys, key=lambda queue: -keys[queue])
