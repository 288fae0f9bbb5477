"""When the sun rises, culminates and sets at a place on a UTC day; the astronomy is astral's."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from beatd.schedules.moments import SECOND, to_us

if TYPE_CHECKING:
    from astral import Observer

_DEPRESSIONS = {"civil": 6.0, "nautical": 12.0, "astronomical": 18.0}
_TWILIGHTS = {f"{side}_{name}": depression for side in ("dawn", "dusk") for name, depression in _DEPRESSIONS.items()}
EVENTS = (*_TWILIGHTS, "sunrise", "solar_noon", "sunset", "midnight")
"""Celery's names, and ``midnight``, when the sun is lowest."""

_EPOCH = date(1970, 1, 1)
FIRST_DAY, LAST_DAY = (date(2, 1, 1) - _EPOCH).days, (date(9998, 12, 1) - _EPOCH).days
"""Days numbered from 1970-01-01 that astral can be asked for."""

_HOUR = 3600 * SECOND


@lru_cache(maxsize=8192)
def events_on(event: str, latitude: float, longitude: float, day: int) -> tuple[int, ...]:
    """Return the event's moments on a UTC day numbered from 1970-01-01, in whole seconds (as microseconds).

    One as a rule; none where the sun stays above or below; two on the day when it has moved across 00:00 UTC.
    """
    former = _candidates(event, latitude, longitude, day - 1)
    found: list[int] = []
    for moment in _candidates(event, latitude, longitude, day):
        # Near 00:00 UTC both days may claim the same event, a second apart.
        if moment - next(reversed(found or former), moment - _HOUR) >= _HOUR:
            found.append(moment)
    return tuple(found)


@lru_cache(maxsize=64)
def _candidates(event: str, latitude: float, longitude: float, day: int) -> list[int]:
    if not FIRST_DAY <= day <= LAST_DAY:
        return []
    when = _EPOCH + timedelta(days=day)
    kept: list[int] = []
    for moment in _computed(event, latitude, longitude, when):
        second = to_us(moment) // SECOND * SECOND
        if moment.date() == when and all(abs(second - other) >= _HOUR for other in kept):
            kept.append(second)
    return sorted(kept)


def _computed(event: str, latitude: float, longitude: float, when: date) -> Iterator[datetime]:
    """Yield moments on that day or near it; where two mean the same event, the first is the better one."""
    from astral import Observer
    from astral.sun import midnight, noon

    observer = Observer(latitude, longitude)
    if event in ("solar_noon", "midnight"):
        ask = noon if event == "solar_noon" else midnight
        yield from (ask(observer, when + timedelta(days=near)) for near in (0, -1, 1))
        return
    for near in (0, -1, 1):
        yield from _transit(event, observer, when + timedelta(days=near))
    # astral moves what would fall before 00:00 UTC of its day by 24 hours, and so loses an event a year at most places.
    # Seen from west of Greenwich nothing falls there: the same place, reached the long way round, fills the hole.
    if longitude > -5:
        object.__setattr__(observer, "longitude", longitude - 360)  # its own setter clamps to -180
    for near in (-2, -1, 0):
        yield from _transit(event, observer, when + timedelta(days=near))


def _transit(event: str, observer: "Observer", when: date) -> Iterator[datetime]:
    from astral import SunDirection
    from astral.sun import SUN_APPARENT_RADIUS, time_of_transit

    direction = SunDirection.RISING if event.startswith(("dawn", "sunrise")) else SunDirection.SETTING
    try:
        yield time_of_transit(observer, when, 90 + _TWILIGHTS.get(event, SUN_APPARENT_RADIUS), direction)
    except ValueError:
        return  # the sun stays above, or below, all day
