"""Leaving everything to another scheduler that knows entries which this one does not, or not yet."""

import logging

from beatd.ports import Leases, SchedulerInfo
from beatd.rowports import tables_in
from beatd.scheduler.tables.tables import Tables
from beatd.scheduler.timekeeper import SECOND

ASK_EACH = 5 * SECOND
"""How long after the store was asked, and nobody knew more, it is asked again: none of it costs a fire its time."""

_log = logging.getLogger("beatd.scheduler")


class Deference:
    """Whoever holds a part fires all of it, so whoever was not given a table, or has not read it, holds none.

    Only beside a live one that has: alone it fires what it knows.
    """

    def __init__(self, leases: Leases, holder: str) -> None:
        self._leases = leases
        self._holder = holder
        self._said = False
        self._ask_at = 0

    def is_due(self, now: int, elapsed: int, tables: Tables) -> bool:
        """Return whether to hold nothing now, and say so once.

        Asks the store, unless all was read: seldom while nobody knows more, each time while somebody does, because
        that one may be gone.
        """
        if tables and tables.are_loaded:
            self._said = False
            return False
        if elapsed < self._ask_at:
            return False
        others = (each for each in self._leases.holders() if each.holder != self._holder and each.is_live(now))
        knows_more = next((each for each in others if _has_read(each)), None)
        if knows_more is not None and not self._said:
            _say(knows_more, reads=bool(tables))
        self._said = knows_more is not None
        self._ask_at = 0 if self._said else elapsed + ASK_EACH
        return self._said


def _say(other: SchedulerInfo, *, reads: bool) -> None:
    if reads:
        said = "standing by until all rows are read: scheduler %s has read them"
        _log.info(said, other.holder, extra={"action": "reading_first"})
    else:
        said = "standing by: scheduler %s fires rows of a table that this one was not given; name it in `schedule`"
        _log.warning(said, other.holder, extra={"action": "table_not_given"})


def _has_read(scheduler: SchedulerInfo) -> bool:
    return any(table.get("loaded") for table in tables_in(scheduler.status))
