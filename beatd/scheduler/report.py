"""What a scheduler says and counts: log lines, and figures for ``status``."""

import logging
from collections import Counter
from math import ceil, log2

from beatd.core.entry import SECOND
from beatd.core.identity import PARTS
from beatd.core.record import Answer, Disposition, Emission, Item
from beatd.schedules.moments import iso

FINENESS = 4
"""How many steps a histogram has from a value to its double: a percentile is at most a fifth too high."""

LINES = 100
"""How many fires are told one by one within a second, but at debug: to tell a fire takes longer than to emit it."""

_log = logging.getLogger("beatd.scheduler")


class Histogram:
    """How often values occurred, by magnitude; of any number of values the same size."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._number = 0

    def add(self, value: int) -> None:
        """Take note of a value; what is below 1 counts as 1."""
        self._counts[ceil(log2(value) * FINENESS) if value > 1 else 0] += 1
        self._number += 1

    def percentile(self, share: float) -> float | None:
        """Return the value that this share of the values does not exceed, None without any."""
        rest = share * self._number
        for magnitude in sorted(self._counts):
            rest -= self._counts[magnitude]
            if rest <= 0:
                return float(2 ** (magnitude / FINENESS))
        return None


class Report:
    """Counters since start, and a log line for what people want to see. ``trips``: requests to the state store."""

    def __init__(self) -> None:
        self.fires = 0
        self.steps = 0
        self.conflicts = 0
        self.rolled_back = 0
        self.trips = 0
        self.largest = 0
        self._items = 0
        self.dispositions: dict[str, int] = {}
        self._lateness = Histogram()
        self._strangers: set[str] = set()
        self._second = 0
        self._told = 0
        self._untold = 0

    def stepped(self, items: int, fires: int) -> None:
        """Count a step of so many entries, with so many messages."""
        self.fires += fires
        self.steps += 1
        self.largest = max(self.largest, items)
        self._items += items

    def settled(self, item: Item, answer: Answer, now: int) -> None:
        """Say what an item did."""
        if answer.repeated:
            fields = {"action": "repeated", "entry": item.name, "message_id": ", ".join(answer.repeated)}
            _log.error("message was there already", extra=fields)
        closed = (item.closes,) if item.closes else ()
        for disposition in (*closed, *item.dispositions):
            self._disposed(disposition)
        for emission in item.emissions:
            self._fired(item, emission, now)
        if item.timed_out is not None:
            fields = {"action": "overlap_timeout", "entry": item.name, "message_id": item.timed_out.id}
            _log.warning("a message that has not ended is not waited for any longer", extra=fields)

    def refused(self, name: str, answer: Answer) -> None:
        """Say which fires the broker cannot take."""
        for fire_time, why in answer.refused:
            fields = {"action": "refused", "entry": name, "fire_time": iso(fire_time), "error": why}
            _log.error("fire refused by the broker", extra=fields)

    def holds(self, parts: int) -> None:
        """Say how many parts are held now."""
        if not parts:
            said = "standing by: another scheduler holds the schedule"
        elif parts == PARTS:
            said = "holding the schedule"
        else:
            said = f"holding {parts} of {PARTS} parts of the schedule"
        _log.info(said, extra={"action": "holding" if parts else "standby", "parts": parts})

    def stranger(self, name: str) -> None:
        """Say once that an entry's version is not known here."""
        if name not in self._strangers:
            _log.error("the record's version is not known", extra={"action": "unknown_version", "entry": name})
        self._strangers.add(name)

    def lost(self, name: str) -> None:
        """Say that the version by which a record was moved is gone from the store."""
        fields = {"action": "lost_version", "entry": name}
        _log.error("the record's version is lost: what the set says now goes on, what it owed is unknown", extra=fields)

    def unreadable(self, name: str, why: str | None) -> None:
        """Say once that an entry is left alone because this code cannot read its definition."""
        if why is not None and name not in self._strangers:
            fields = {"action": "unreadable", "entry": name, "error": why}
            _log.error("entry left alone: its definition is of a newer beatd", extra=fields)
            self._strangers.add(name)

    def marked(self) -> None:
        """Say that the namespace was marked, because the store went back far."""
        _log.error(
            "the store went back: nothing is fired until `beatd forward --to now --reason TEXT` settles what it "
            "owes, or `beatd run --catch-up` fires it again",
            extra={"action": "rolled_back"},
        )

    def as_mapping(self) -> dict[str, object]:
        """Return the counters as plain values; lateness in milliseconds, ``batch`` in entries, all since start."""
        return {
            "fires": self.fires,
            "steps": self.steps,
            "conflicts": self.conflicts,
            "rolled_back": self.rolled_back,
            "dispositions": dict(self.dispositions),
            "lateness_p50_ms": _milliseconds(self._lateness.percentile(0.5)),
            "lateness_p99_ms": _milliseconds(self._lateness.percentile(0.99)),
            "batch_mean": round(self._items / self.steps, 1) if self.steps else None,
            "batch_max": self.largest,
            "round_trips": self.trips,
        }

    def tell_rest(self) -> None:
        """Say how many fires were not told one by one since this was last said."""
        if self._untold:
            fields = {"action": "fired_more", "count": self._untold}
            _log.info("more was fired; log_level = debug tells each", extra=fields)
            self._untold = 0

    def _is_told(self, now: int) -> bool:
        """Return whether one more fire is told; count it where it is not."""
        if _log.isEnabledFor(logging.DEBUG) or not _log.isEnabledFor(logging.INFO):
            return _log.isEnabledFor(logging.INFO)
        if now // SECOND != self._second:
            self._second, self._told = now // SECOND, 0
        self._told += 1
        if self._told > LINES:
            self._untold += 1
        return self._told <= LINES

    def _fired(self, item: Item, emission: Emission, now: int) -> None:
        held = item.record.tracking.held if item.record.tracking else None
        is_held = held is not None and held.id == emission.message.id
        lateness = now - emission.fire_time
        self._lateness.add(lateness)
        if self._is_told(now):
            fields = {
                "action": "held" if is_held else "fired",
                "entry": item.name,
                "task": emission.message.task,
                "fire_time": iso(emission.fire_time),
                "message_id": emission.message.id,
                "lateness_ms": lateness / 1000,
            }
            _log.info("held until the former message has ended" if is_held else "fired", extra=fields)

    def _disposed(self, disposition: Disposition) -> None:
        reason = str(disposition.reason)
        self.dispositions[reason] = self.dispositions.get(reason, 0) + (disposition.count or 0)
        if disposition.last is not None and disposition.count == 0:
            return
        fields = {
            "action": "not_emitted",
            "entry": disposition.entry,
            "reason": reason,
            "fire_time": iso(disposition.first),
            "count": disposition.count,
        }
        _log.info("not emitted", extra=fields)


def _milliseconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else round(microseconds / 1000, 3)
