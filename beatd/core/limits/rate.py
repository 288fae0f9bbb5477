"""How often a task may begin, all workers together; and, where it may not yet, when it is a message's turn."""

import re
from typing import Any, NamedTuple

SECOND = 1_000_000
TOLERANCE = SECOND // 10
"""Microseconds. What a claim comes late it may catch up, within this; it is also all that may begin at once."""

HORIZON = 600 * SECOND
"""Microseconds. No turn is given further ahead: those before it may be revoked or expire, or the limit be raised. Who
comes to it then stands where it stood."""

MOST = 10_000
"""So many a second at most: beyond that an interval in whole microseconds would be off by more than a percent."""

_UNITS = {"s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
_RATE = re.compile(r"([0-9]{1,9})\s*/\s*([smh])")


class Rate(NamedTuple):
    """One message each ``interval``, and what was missed within ``tolerance``; microseconds."""

    interval: int
    tolerance: int = TOLERANCE


def parse_rate(text: Any) -> Rate:
    """Return the rate that ``10/s``, ``100/m`` or ``1000/h`` names. Raises ValueError with the remedy."""
    found = _RATE.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"{text!r} is no rate; write how many in a second, minute or hour: '10/s', '100/m', '1000/h'")
    count, unit = int(found[1]), _UNITS[found[2]]
    if count == 0:
        raise ValueError(f"{text!r} lets nothing begin; `beatd queue pause` holds a queue back")
    if count * SECOND > MOST * unit:
        raise ValueError(f"{text!r} is more than {MOST}/s, which no limit can hold; leave it out")
    return Rate(round(unit / count))


class Line(NamedTuple):
    """Whose turn it is in one task, as moments in microseconds.

    ``next_at``: when the next token is due, were all of them taken on time. ``tail_at``: the last turn that was given
    to a message that came anew. ``late_at``: the last one given to a message that had a turn, and found no token then.
    """

    next_at: int = 0
    late_at: int = 0
    tail_at: int = 0


def turn(line: Line, rate: Rate, now: int, *, waited: bool) -> tuple[Line, int | None]:
    """Take a token (None), or return the moment of the message's turn; ``waited``: it has had a turn given before.

    Who has waited goes before who comes anew, and neither waits longer than those before it: a line of turns that were
    missed, because no worker was there, begins again at this moment, in its order. ``lua/rates.lua`` does the same.
    """
    free_at = line.next_at - rate.tolerance
    last = max(line.late_at, line.tail_at)
    if free_at <= now and (waited or last <= now):
        return line._replace(next_at=max(line.next_at, now) + rate.interval), None
    if waited:
        at = min(max(line.late_at + rate.interval, free_at), now + HORIZON)
        return line._replace(late_at=at), at
    at = min(max(last + rate.interval, free_at), now + HORIZON)
    return line._replace(tail_at=at), at
