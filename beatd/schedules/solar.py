"""What the sun does at a place: dawn, sunrise, noon, sunset, dusk, midnight, to the second, the same in every zone."""

import re
from dataclasses import dataclass
from typing import Self

from beatd.errors import InvalidScheduleError
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.durations import format_duration
from beatd.schedules.moments import SECOND
from beatd.schedules.sun import FIRST_DAY, LAST_DAY, events_on
from beatd.schedules.terms import checked_zone

LONGEST_OFFSET = 86_400 * SECOND
_DAY = 86_400 * SECOND
_POLAR = 89.5
"""Degrees. Nearer to a pole the sun's height hardly changes in a day, and in some years no day has the event."""

_LONGEST_SEARCH = 400
"""Days; every event that a place ever has, it has within a year."""

_SAME_EVENT = 3600 * SECOND - 1
_COORDINATE = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,20})?")


@dataclass(frozen=True, slots=True)
class Solar(Schedule):
    """Fire at the event, ``offset`` microseconds later, on every day that has it; degrees, north and east positive."""

    event: str
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
        start = (after - self.offset) // _DAY
        for day in range(start, start + _LONGEST_SEARCH):
            for fire in self._fires(day):
                if fire > after:
                    return fire
        return None

    def next_owed_us(self, settled: int) -> int | None:
        """Return the first event owed once the one at ``settled`` is: not one within the hour, which is the same.

        Another version of astral, or of the mathematics library, must not make two fires of one event. A moment that
        is no whole second was no event.
        """
        return self.next_us(settled if settled % SECOND else settled + _SAME_EVENT)

    def last_us(self, before: int) -> int | None:
        """Return the last fire time strictly earlier than ``before``, or None if there is none in 400 days."""
        start = (before - self.offset) // _DAY
        for day in range(start, start - _LONGEST_SEARCH, -1):
            for fire in reversed(self._fires(day)):
                if fire < before:
                    return fire
        return None

    def count_us(self, after: int, until: int, limit: int | None = None) -> int:
        """Return how many fire times lie in (after, until], at most ``limit``; a day at a time."""
        first, last = (after - self.offset) // _DAY, (until - self.offset) // _DAY
        total = 0
        for day in range(max(first, FIRST_DAY), min(last, LAST_DAY) + 1):
            if limit is not None and total >= limit:
                return limit
            total += sum(after < fire <= until for fire in self._fires(day))
        return total

    def _fires(self, day: int) -> list[int]:
        return [moment + self.offset for moment in events_on(self.event, self.latitude, self.longitude, day)]


def read_solar(event: str, words: list[str], offset: int, text: str) -> Solar:
    """Return the schedule of an event and its two coordinates. Raises InvalidScheduleError quoting ``text``."""
    if len(words) != 2:
        reason = f"{event} needs a latitude and a longitude in degrees"
        raise InvalidScheduleError(text, reason, f"write it as in '{event} 52.52 13.40'")
    for word in words:
        if not _COORDINATE.fullmatch(word):
            raise InvalidScheduleError(text, f"{word!r} is not a number of degrees", f"as in '{event} 52.52 13.40'")
    return solar_of(event, float(words[0]), float(words[1]), offset, text)


def read_elevation(words: list[str], offset: int, text: str) -> Solar:
    """Return the schedule of degrees, "rising" or "setting", and a place. Raises InvalidScheduleError."""
    raise InvalidScheduleError(text, f"sun_elevation is not in this version ({words}, {offset})")


def solar_of(event: str, latitude: float, longitude: float, offset: int, text: str) -> Solar:
    """Return the schedule, coordinates rounded to a millionth of a degree. Raises InvalidScheduleError."""
    for name, degrees, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if not -most <= degrees <= most:
            raise InvalidScheduleError(text, f"{name} {_degrees(degrees)} is out of range -{most} to {most}")
    if abs(offset) > LONGEST_OFFSET:
        raise InvalidScheduleError(text, "an event's offset is at most 1d")
    if abs(latitude) > _POLAR and event not in ("solar_noon", "midnight"):
        reason = f"within half a degree of a pole there are years in which it would never fire: no day has a {event}"
        raise InvalidScheduleError(text, reason)
    # Adding zero makes -0.0 the same as 0.0.
    return Solar(event, round(latitude, 6) + 0.0, round(longitude, 6) + 0.0, offset)


def _degrees(value: float) -> str:
    return f"{value:.6f}".rstrip("0").removesuffix(".")
