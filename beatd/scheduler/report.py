"""What a scheduler says and counts: log lines, and figures for ``status``."""

import logging
from collections import deque

from beatd.core.record import Answer, Disposition, Emission, Item
from beatd.schedules.moments import iso

RECENT = 1000
_log = logging.getLogger("beatd.scheduler")


class Report:
    """Counters since start, the lateness of the latest fires, and a log line for what people want to see."""

    def __init__(self) -> None:
        self.fires = 0
        self.steps = 0
        self.conflicts = 0
        self.rolled_back = 0
        self.dispositions: dict[str, int] = {}
        self._lateness: deque[int] = deque(maxlen=RECENT)
        self._strangers: set[str] = set()

    def stepped(self, fires: int) -> None:
        """Count a step."""
        self.fires += fires
        self.steps += 1

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

    def stranger(self, name: str) -> None:
        """Say once that an entry's version is not known here."""
        if name not in self._strangers:
            _log.error("the record's version is not known", extra={"action": "unknown_version", "entry": name})
        self._strangers.add(name)

    def unreadable(self, name: str, why: str | None) -> None:
        """Say once that an entry is left alone because this code cannot read its definition."""
        if why is not None and name not in self._strangers:
            fields = {"action": "unreadable", "entry": name, "error": why}
            _log.error("entry left alone: its definition is of a newer beatd", extra=fields)
            self._strangers.add(name)

    def went_back(self) -> None:
        """Say that the store has older records than it had."""
        self.rolled_back += 1
        _log.error("the store went back", extra={"action": "rolled_back"})

    def as_mapping(self) -> dict[str, object]:
        """Return the counters as plain values; lateness in milliseconds over the latest fires."""
        recent = sorted(self._lateness)
        return {
            "fires": self.fires,
            "steps": self.steps,
            "conflicts": self.conflicts,
            "rolled_back": self.rolled_back,
            "dispositions": dict(self.dispositions),
            "lateness_p50_ms": recent[len(recent) // 2] / 1000 if recent else None,
            "lateness_p99_ms": recent[len(recent) * 99 // 100] / 1000 if recent else None,
        }

    def _fired(self, item: Item, emission: Emission, now: int) -> None:
        held = item.record.tracking.held if item.record.tracking else None
        is_held = held is not None and held.id == emission.message.id
        lateness = now - emission.fire_time
        self._lateness.append(lateness)
        if _log.isEnabledFor(logging.INFO):
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
