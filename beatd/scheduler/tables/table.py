"""One table as the scheduler knows it: how far it is read, and what is wrong with its rows."""

import logging
from collections import deque
from collections.abc import Collection, Iterable, Mapping

from beatd.scheduler.tables.reader import Reader
from beatd.scheduler.tables.seen import Seen
from beatd.scheduler.tables.telling import Telling
from beatd.scheduler.timekeeper import SECOND
from beatd.schedules.moments import iso

LONGEST = 200
"""How much of a name is told: more than this has only one that no entry can have."""

PATIENCE = 6 * SECOND
"""How long fires wait for what may have been changed during an outage: a table that is not back by then must not keep
them."""

LINES = 20
"""How many names are told one by one within a second."""

_log = logging.getLogger("beatd.scheduler")


class Table:
    """A reader, and what the scheduler keeps in mind of what it has read. ``number``: its place among the tables."""

    def __init__(self, number: int, reader: Reader) -> None:
        self.number = number
        self.reader = reader
        self.exchange = reader.exchange
        self.loaded = False
        self.asked_at: int | None = None
        """Until which elapsed moment all that was committed is still to be known."""
        self.bad: dict[str, str] = {}
        """Names of rows that cannot be used, and why."""
        self.misnamed: set[str] = set()
        """Those of which it is the name: no entry can have it, and the book does not know them."""
        self.untold: deque[str] = deque()
        self.left_to_others: set[str] = set()
        """Rows that nobody had been told of, and that others look after."""
        self.noticed_at: int | None = None
        self.compared_at: int | None = None
        self.difference = 0
        """By how many microseconds the table's clock is ahead of the state's."""
        self.telling = Telling()
        self._seen = Seen()
        self._second = self._told = self._untold = 0

    def catch_up(self, elapsed: int) -> None:
        """Ask for all that was committed until now."""
        self.asked_at = self.exchange.asked_at = elapsed
        self.reader.hasten()
        self.exchange.hurry.set()

    def is_behind(self, elapsed: int) -> bool:
        """Whether what was asked for is not known yet, and worth waiting for."""
        return self.asked_at is not None and elapsed < self.asked_at + PATIENCE

    def caught_up(self, asked_at: int) -> None:
        """Take note that all is known that was asked for at a moment."""
        if self.asked_at == asked_at:
            self.asked_at = None

    def status(self, rows: int) -> Mapping[str, object]:
        """Return what people want to know of it; ``rows``: how many of its rows the book knows."""
        return {
            "name": self.reader.name,
            "rows": rows + len(self.misnamed),
            "loaded": self.loaded,
            "noticed_at": None if self.noticed_at is None else iso(self.noticed_at),
            "compared_at": None if self.compared_at is None else iso(self.compared_at),
            "quarantined": len(self.bad),
            "trouble": self.exchange.trouble,
            "clock_ahead_ms": self.difference // 1000,
        }

    def see(self, names: Collection[str], *, begins: bool) -> None:
        """Take note of the rows of a reading of all."""
        if begins:
            self._seen = Seen()
        if self.loaded:
            self._seen.add(names)

    def unseen(self, names: Iterable[str]) -> list[str]:
        """Return those that this reading of all has not told of."""
        return [name for name in names if name not in self._seen]

    def end(self) -> None:
        """Take note that a reading of all is over."""
        self.loaded, self._seen = True, Seen()

    def judge(self, reasons: Mapping[str, str | None], now: int) -> None:
        """Take note of names that are good (None) or bad, and say what is bad now."""
        for name, reason in reasons.items():
            if reason is None:
                self.bad.pop(name, None)
            elif self.bad.get(name) != reason:
                self.bad[name] = reason
                if self._is_told(now):
                    fields = {"action": "quarantined", "entry": name[:LONGEST]}
                    _log.error("entry quarantined: %s: %s", self.reader.name, reason, extra=fields)

    def say(self, changes: Mapping[str, str], now: int) -> None:
        """Say what was changed: name → added, changed or removed."""
        for name, action in changes.items():
            if self._is_told(now):
                _log.info("entry %s: %s", action, name, extra={"action": f"entry_{action}", "entry": name})

    def say_rest(self, now: int) -> None:
        """Say how much was not told one by one, once there is nothing else to tell."""
        if self._untold and now // SECOND != self._second:
            said = "%s: %d more entries changed or quarantined"
            _log.info(said, self.reader.name, self._untold, extra={"action": "entries_changed"})
            self._untold = 0

    def _is_told(self, now: int) -> bool:
        if now // SECOND != self._second:
            self.say_rest(now)
            self._second, self._told = now // SECOND, 0
        self._told += 1
        self._untold += self._told > LINES
        return self._told <= LINES
