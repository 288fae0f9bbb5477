"""Which seconds of a day a recurrence rule lets through: a slot of the day for each step, and the seconds within it."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache

from beatd.schedules.rrule.parts import DAY, Recurrence

_FIRST_LOOK = 64  # slots


class Times:
    """The times of the days of a rule: the slots (a day, an hour, a minute or a second) its interval hits and its parts
    let through, each with the same ``seconds`` in it.
    """  # noqa: D205  one sentence

    __slots__ = ("_full", "_interval", "_mask", "_per_day", "_phase", "_unit", "seconds")

    def __init__(self, rule: Recurrence, start: int) -> None:
        """``start`` is the local second from which the interval counts."""
        unit = rule.unit
        self._unit = unit
        self._per_day = DAY // unit
        self._mask = _slots(rule.hour, rule.minute, rule.second, unit)
        self._full = self._mask.count(1)
        self._interval = rule.interval if rule.freq in ("DAILY", "HOURLY", "MINUTELY", "SECONDLY") else 1
        self._phase = start // unit
        self.seconds: Sequence[int] = _seconds(rule.hour, rule.minute, rule.second, unit)
        if rule.position and rule.freq in ("DAILY", "HOURLY", "MINUTELY", "SECONDLY"):
            self.seconds = array("I", positioned(self.seconds, rule.position))

    @property
    def same_each_day(self) -> bool:
        """Whether the interval hits the same slots on all days."""
        return self._per_day % self._interval == 0

    def slots(self, day: int) -> int:
        """Return how many slots the day has."""
        step = self._interval
        if step == 1:
            return self._full
        first = self._first(day)
        if first >= self._per_day:
            return 0
        return _hits(self._mask, step, first) if step < self._per_day else self._mask[first]

    def next(self, day: int, second: int) -> int:
        """Return the first of its seconds from ``second`` on, or DAY if there is none that day."""
        unit, seconds = self._unit, self.seconds
        slot = second // unit
        found = self._slot_from(day, slot)
        if found == slot:
            place = bisect_left(seconds, second - slot * unit)
            if place < len(seconds):
                return slot * unit + seconds[place]
            found = self._slot_from(day, slot + 1)
        return found * unit + seconds[0] if found < self._per_day else DAY

    def last(self, day: int, second: int) -> int:
        """Return the last of its seconds up to ``second``, or -1."""
        unit, seconds = self._unit, self.seconds
        slot = second // unit
        found = self._slot_to(day, slot)
        if found == slot:
            place = bisect_right(seconds, second - slot * unit)
            if place:
                return slot * unit + seconds[place - 1]
            found = self._slot_to(day, slot - 1)
        return found * unit + seconds[-1] if found >= 0 else -1

    def before(self, day: int, second: int) -> int:
        """Return how many of its seconds are earlier than ``second``."""
        unit = self._unit
        slot, rest = divmod(second, unit)
        step = self._interval
        total = self._mask[self._first(day) : slot : step].count(1) if step > 1 else self._mask.count(1, 0, slot)
        within = bisect_left(self.seconds, rest) if self._slot_from(day, slot) == slot else 0
        return total * len(self.seconds) + within

    def _first(self, day: int) -> int:
        """Return the first slot of the day, or of one to come, that the interval hits."""
        return (self._phase - day * self._per_day) % self._interval

    def _slot_from(self, day: int, slot: int) -> int:
        step, mask, size = self._interval, self._mask, self._per_day
        if step == 1:
            found = mask.find(1, slot)
            return size if found < 0 else found
        slot += (self._phase - day * size - slot) % step
        look = _FIRST_LOOK
        while slot < size:
            if mask[slot]:
                return slot
            found = mask[slot : slot + look * step : step].find(1)
            if found >= 0:
                return slot + found * step
            slot += look * step
            look *= 8
        return size

    def _slot_to(self, day: int, slot: int) -> int:
        step, mask = self._interval, self._mask
        if step == 1:
            return mask.rfind(1, 0, slot + 1)
        slot -= (slot + day * self._per_day - self._phase) % step
        look = _FIRST_LOOK
        while slot >= 0:
            if mask[slot]:
                return slot
            low = max(slot - look * step, slot % step)
            found = mask[low : slot + 1 : step].rfind(1)
            if found >= 0:
                return low + found * step
            slot = low - step
            look *= 8
        return -1


def positioned(items: Sequence[int], positions: tuple[int, ...]) -> list[int]:
    """Return the items, sorted, at these positions, which count from 1, or from the end if negative."""
    places = {position - 1 if position > 0 else len(items) + position for position in positions}
    return [items[place] for place in sorted(places) if 0 <= place < len(items)]


@lru_cache(maxsize=4096)
def _seconds(hour: tuple[int, ...], minute: tuple[int, ...], second: tuple[int, ...], unit: int) -> Sequence[int]:
    """Return the seconds of a slot that the parts finer than it let through, sorted."""
    hours = hour if unit == DAY else (0,)
    minutes = minute if unit >= 3600 else (0,)
    seconds = second if unit >= 60 else (0,)
    return array("I", [h * 3600 + m * 60 + s for h in hours for m in minutes for s in seconds])


@lru_cache(maxsize=1024)
def _slots(hour: tuple[int, ...], minute: tuple[int, ...], second: tuple[int, ...], unit: int) -> bytes:
    """Return one byte for each slot of a day: 1 where the parts that are not finer than it let it through."""
    if unit == DAY:
        return b"\1"
    of_minute = _chosen(b"\1", second, 60) if unit == 1 else b"\1"
    of_hour = _chosen(of_minute, minute, 60) if unit <= 60 else b"\1"
    return _chosen(of_hour, hour, 24)


def _chosen(piece: bytes, numbers: tuple[int, ...], size: int) -> bytes:
    return b"".join(piece if not numbers or number in numbers else bytes(len(piece)) for number in range(size))


@lru_cache(maxsize=16_384)
def _hits(mask: bytes, step: int, first: int) -> int:
    return mask[first::step].count(1)
