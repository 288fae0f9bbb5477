"""Telling entries' records of their messages' ends, in the script that ends them.

What an end does to a record is judged here, not on the server: so a script answers with the record where that has to be
judged first, and is sent again with the judgement, which holds only for that record.
"""

import random
import threading
from collections.abc import Callable
from secrets import randbits
from typing import Any

from beatd.core.ending import Ending, ended
from beatd.core.record import Item
from beatd.errors import BrokerUnavailableError
from beatd.rediskit import fires
from beatd.rediskit.records import record_of, value_of
from beatd.rediskit.server import Server

ROUNDS, TRIES = 6, 10
_PAUSE = 0.02

Told = tuple[str, str | bool, str | bool, tuple[str, ...], list[tuple[object, ...]]]
"""(entry, the seq that was judged, the record after it, ids to release, ranges), as the scripts take it."""


def telling(server: Server, ending: Ending, now: int, ask: Callable[[Told], Any]) -> tuple[Any, Item | None]:
    """Ask until the judgement is of the record as it is; return the answer, and what was done to the record.

    Where the record is not tracked, it is asked once. Raises BrokerUnavailableError where others change the record
    again and again; then nothing was done.
    """
    for asked in range(ROUNDS):
        if asked > 0:
            threading.Event().wait(random.uniform(0, asked * _PAUSE))
        told: Told = (ending.entry, False, False, (), [])
        item = None
        # At once, with the record that was just answered: by the end of a pause it would be another one.
        for _ in range(TRIES):
            answer = ask(told)
            if not isinstance(answer, bytes):
                return answer, item
            record = record_of(answer)
            item = ended(server.namespace, record, ending, now=now, seq=randbits(63))
            told = _told(ending.entry, record.seq, item, now)
    raise BrokerUnavailableError(server.url, f"the record of {ending.entry!r} is changed by others again and again")


def _told(entry: str, seq: int, item: Item | None, now: int) -> Told:
    if item is None:
        return entry, str(seq), False, (), []
    ranges = [fires.range_of(disposition, now) for disposition in item.dispositions]
    return entry, str(seq), value_of(item.record), item.releases, ranges
