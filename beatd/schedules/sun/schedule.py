"""What the sun does at a place: dawn, sunrise, noon, dusk, midnight, any height; the same moment in every zone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor
from typing import Self

from beatd.errors import InvalidScheduleError
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.durations import format_duration
from beatd.schedules.moments import SECOND
from beatd.schedules.sun.events import (
    EVENTS,
    FIRST_TURN,
    LAST_TURN,
    Crossing,
    Passage,
    highest,
    is_daily,
    moment_in,
    span,
)
from beatd.schedules.terms import checked_zone

LONGEST_OFFSET = 86_400 * SECOND
_DAY = 86_400 * SECOND
_POLAR = 89.5
"""Degrees. Nearer to a pole the sun's height is a matter of the season, and no day need have the event."""

_LONGEST_SEARCH = 400
"""Days. What a place has every year, it has within them."""

_SAME_EVENT = 3600 * SECOND - 1
_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,20})?")
_ELEVATION = "sun_elevation 5 rising 52.52 13.40"


@dataclass(frozen=True, slots=True)
class Solar(Schedule):
    """Fire at the event, ``offset`` microseconds later, on every day that has it; degrees, north and east positive.

    ``event`` is its text, a name of ``EVENTS`` or as in "sun_elevation 5 rising"; ``passage`` is what it means. Days
    are turns of the sky over the place, see ``moment_in``.
    """

    event: str
    passage: Passage
    latitude: float
    longitude: float
    offset: int = 0

    def __str__(self) -> str:
        text = f"{self.event} {_degrees(self.latitude)} {_degrees(self.longitude)}"
        return f"{text} offset {format_duration(self.offset)}" if self.offset else text

    def under(self, terms: Terms) -> Self:
        """Return this schedule: the sun knows no zones. Raises InvalidScheduleError for bad terms."""
        checked_zone(str(self), terms.timezone, terms.gap, terms.fold)
        return self

    def next_us(self, after: int) -> int | None:
        """Return the first fire time strictly later than ``after``, or None if there is none in 400 days."""
        first = self._turn_after(after)
        return next((fire for fire in self._fires(range(first, first + _LONGEST_SEARCH)) if fire > after), None)

    def next_owed_us(self, settled: int) -> int | None:
        """Return the first event owed once the one at ``settled`` is: not one within the hour, which is the same.

        Another version of astral, or of the mathematics library, must not make two fires of one event. A moment that
        is no whole second was no event. Two events are never so near: half a turn of the sky lies between them.
        """
        return self.next_us(settled if settled % SECOND else settled + _SAME_EVENT)

    def last_us(self, before: int) -> int | None:
        """Return the last fire time strictly earlier than ``before``, or None if there is none in 400 days."""
        last = self._turn_before(before)
        return next((fire for fire in self._fires(range(last, last - _LONGEST_SEARCH, -1)) if fire < before), None)

    def count_us(self, after: int, until: int, limit: int | None = None) -> int:
        """Return how many fire times lie in (after, until], at most ``limit``.

        By arithmetic where every day has the event, else a day at a time.
        """
        turns = range(max(self._turn_after(after), FIRST_TURN), min(self._turn_before(until + 1), LAST_TURN) + 1)
        total = 0
        if len(turns) > 2 and is_daily(self.passage, self.latitude):
            # The span of an event is less than a turn, so only the outer two may lie outside.
            total, turns = len(turns) - 2, turns[:: len(turns) - 1]
        for fire in self._fires(turns):
            if limit is not None and total >= limit:
                return limit
            total += after < fire <= until
        return total if limit is None else min(total, limit)

    def _turn_after(self, after: int) -> int:
        """Return the first turn of the sky whose event may fire later than this."""
        return floor(self._mean_days(after) - span(self.passage)[1]) + 1

    def _turn_before(self, before: int) -> int:
        return ceil(self._mean_days(before) - span(self.passage)[0]) - 1

    def _mean_days(self, fire: int) -> float:
        return (fire - self.offset) / _DAY + self.longitude / 360

    def _fires(self, turns: range) -> Iterator[int]:
        for turn in turns:
            moment = moment_in(self.passage, self.latitude, self.longitude, turn)
            if moment is not None:
                yield moment + self.offset


def read_solar(event: str, words: list[str], offset: int, text: str) -> Solar:
    """Return the schedule of an event and its two coordinates. Raises InvalidScheduleError quoting ``text``."""
    example = f"{event} 52.52 13.40"
    if len(words) != 2:
        reason = f"{event} needs a latitude and a longitude in degrees"
        raise InvalidScheduleError(text, reason, f"write it as in '{example}'")
    latitude, longitude = (_read_degrees(word, text, example) for word in words)
    return solar_of(event, latitude, longitude, offset, text)


def read_elevation(words: list[str], offset: int, text: str) -> Solar:
    """Return the schedule of degrees, "rising" or "setting", and a place. Raises InvalidScheduleError."""
    way = words[1].lower() if len(words) > 1 else ""
    if len(words) != 4 or way not in ("rising", "setting"):
        reason = "sun_elevation needs degrees, 'rising' or 'setting', a latitude and a longitude"
        raise InvalidScheduleError(text, reason, f"write it as in '{_ELEVATION}'")
    elevation, latitude, longitude = (_read_degrees(word, text, _ELEVATION) for word in (words[0], *words[2:]))
    if not -90 <= elevation <= 90:
        raise InvalidScheduleError(text, f"elevation {_degrees(elevation)} is out of range -90 to 90")
    elevation = _rounded(elevation)
    crossing = Crossing(elevation, rising=way == "rising")
    return _placed(f"sun_elevation {_degrees(elevation)} {way}", crossing, latitude, longitude, offset, text)


def solar_of(event: str, latitude: float, longitude: float, offset: int, text: str) -> Solar:
    """Return the schedule of a name of ``EVENTS``. Raises InvalidScheduleError quoting ``text``."""
    return _placed(event, EVENTS[event], latitude, longitude, offset, text)


def _placed(event: str, passage: Passage, latitude: float, longitude: float, offset: int, text: str) -> Solar:
    for name, degrees, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if not -most <= degrees <= most:
            raise InvalidScheduleError(text, f"{name} {_degrees(degrees)} is out of range -{most} to {most}")
    if abs(offset) > LONGEST_OFFSET:
        raise InvalidScheduleError(text, "an event's offset is at most 1d")
    if isinstance(passage, Crossing):
        _check_reached(passage, latitude, text)
    return Solar(event, passage, _rounded(latitude), _rounded(longitude), offset)


def _check_reached(passage: Crossing, latitude: float, text: str) -> None:
    if abs(latitude) > _POLAR:
        reason = "within half a degree of a pole the sun's height changes with the season, not with the day"
        raise InvalidScheduleError(text, f"it may never fire: {reason}", "only solar_noon and midnight are daily there")
    most = highest(latitude)
    if abs(passage.elevation) >= most:
        way = "rises above" if passage.elevation > 0 else "sinks below"
        reached = _degrees(round(most if passage.elevation > 0 else -most, 2))
        raise InvalidScheduleError(text, f"it can never fire: at that latitude the sun never {way} {reached} degrees")


def _read_degrees(word: str, text: str, example: str) -> float:
    if not _DEGREES.fullmatch(word):
        raise InvalidScheduleError(text, f"{word!r} is not a number of degrees", f"as in '{example}'")
    return float(word)


def _rounded(value: float) -> float:
    """Return it to a millionth of a degree, a decimetre on the ground; adding zero makes -0.0 the same as 0.0."""
    return round(value, 6) + 0.0


def _degrees(value: float) -> str:
    return f"{value:.6f}".rstrip("0").removesuffix(".")
