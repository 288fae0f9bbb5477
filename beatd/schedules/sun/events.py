"""What the sun does at a place: the named events, and the moment of each in one turn of the sky."""

from functools import lru_cache
from typing import NamedTuple

from beatd.schedules.moments import SECOND

_TWILIGHTS = {"civil": -6.0, "nautical": -12.0, "astronomical": -18.0}
_LIMB = -50 / 60
"""Degrees. The upper limb stands on the horizon when the centre is 16' (its radius) and 34' (refraction) below it."""

_TILT = 23.45
"""Degrees. The sun's declination stays within it in every year from 1970 on; the earth's tilt is shrinking."""

_ANY_TILT = 24.0
"""Degrees; within it in every year of the calendar."""

FIRST_TURN, LAST_TURN = -718_000, 2_932_400
"""From the year 4 to 9998: the moments of these turns, with any offset, are datetimes."""


class Crossing(NamedTuple):
    """The sun's centre passes a height in degrees on its way up, or down; as if there were no air to bend the light."""

    elevation: float
    rising: bool


class Transit(NamedTuple):
    """The sun passes the meridian: in the upper transit it is at noon, in the lower at midnight."""

    upper: bool


Passage = Crossing | Transit

EVENTS: dict[str, Passage] = {
    **{f"dawn_{name}": Crossing(height, rising=True) for name, height in _TWILIGHTS.items()},
    **{f"dusk_{name}": Crossing(height, rising=False) for name, height in _TWILIGHTS.items()},
    "sunrise": Crossing(_LIMB, rising=True),
    "solar_noon": Transit(upper=True),
    "sunset": Crossing(_LIMB, rising=False),
    "midnight": Transit(upper=False),
    "blue_hour_morning": Crossing(-6.0, rising=True),
    "blue_hour_morning_end": Crossing(-4.0, rising=True),
    "golden_hour_morning": Crossing(-4.0, rising=True),
    "golden_hour_morning_end": Crossing(6.0, rising=True),
    "golden_hour_evening": Crossing(6.0, rising=False),
    "golden_hour_evening_end": Crossing(-4.0, rising=False),
    "blue_hour_evening": Crossing(-4.0, rising=False),
    "blue_hour_evening_end": Crossing(-6.0, rising=False),
}
"""Celery's names with Celery's heights (those of the Astronomical Almanac); the hours are those of astral."""


def highest(latitude: float) -> float:
    """Return the height in degrees that the sun does not pass there; nor does it sink below its negative."""
    return 90.0 - max(0.0, abs(latitude) - _TILT)


def is_daily(passage: Passage, latitude: float) -> bool:
    """Return whether every turn of the sky has it, in every year; False also where that is only nearly so."""
    return isinstance(passage, Transit) or abs(passage.elevation) < 90.0 - abs(latitude) - _ANY_TILT


def span(passage: Passage) -> tuple[float, float]:
    """Return between which parts of its turn the passage lies; a turn begins at local mean midnight.

    Wide enough for the equation of time (17 minutes) and for what the sun's climb moves noon at a latitude of 89.5.
    """
    if isinstance(passage, Transit):
        middle, half = (0.5 if passage.upper else 0.0), 0.04
    else:
        middle, half = (0.25 if passage.rising else 0.75), 0.29
    return middle - half, middle + half


@lru_cache(maxsize=16_384)
def moment_in(passage: Passage, latitude: float, longitude: float, turn: int) -> int | None:
    """Return the passage in one turn of the sky in whole seconds (as microseconds), None if it has none.

    Turn n begins with day n since 1970-01-01 in local mean time, or rather at the sun's lowest near it. Turns know
    nothing of 00:00 UTC, so that an event which drifts over it is neither lost nor had twice.
    """
    from beatd.schedules.sun.path import Path

    if not FIRST_TURN <= turn <= LAST_TURN:
        return None
    path = Path(latitude, longitude, turn)
    if isinstance(passage, Transit):
        found: float | None = path.transit(upper=passage.upper)
    else:
        found = path.crossing(passage.elevation, rising=passage.rising)
    return None if found is None else round(found * 86_400) * SECOND
