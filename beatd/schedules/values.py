"""Schedules as values in Python: ``every(minutes=10)``, ``crontab(hour=8)``, ``solar("sunset", 52.52, 13.40)``.

What each kind needs is imported with its first value: whoever imports an app to run its tasks mostly has none.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from importlib import import_module
from typing import Any

from beatd.errors import InvalidScheduleError
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.durations import parse_duration

# Now: loaded later, that package would take the name which the function ``crontab`` has in its own.
import_module("beatd.schedules.crontab")

Value = int | str | Iterable[int | str]
"""One field of a crontab as Celery takes it: a number, a text, or several of either."""


def every(
    *,
    weeks: float = 0,
    days: float = 0,
    hours: float = 0,
    minutes: float = 0,
    seconds: float = 0,
    milliseconds: float = 0,
    offset: str | float | timedelta = 0,
) -> Schedule:
    """Return an interval, aligned to the epoch plus ``offset`` (seconds or a text such as "3m")."""
    from beatd.schedules.text import interval_of

    given = {"weeks": weeks, "days": days, "hours": hours, "minutes": minutes, "seconds": seconds}
    try:
        length = timedelta(**given, milliseconds=milliseconds)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidScheduleError("every", f"its parts are numbers: {error}") from None
    text = f"every {length.total_seconds():g}s"
    if length < timedelta(0):
        raise InvalidScheduleError(text, "the interval must not be negative")
    return interval_of(_duration(length, text), _signed(offset, text), text)


def solar(event: str, latitude: float, longitude: float, *, offset: str | float | timedelta = 0) -> Schedule:
    """Return a schedule of what the sun does at a place; ``offset`` in seconds or a text such as "-30m"."""
    from beatd.schedules.sun.events import EVENTS
    from beatd.schedules.sun.schedule import solar_of

    text = f"{event} {latitude} {longitude}"
    name = "solar_noon" if event == "noon" else event
    if name not in EVENTS:
        raise InvalidScheduleError(text, f"{event!r} is not an event; the events are {', '.join(EVENTS)}")
    return solar_of(name, _degrees(latitude, text), _degrees(longitude, text), _signed(offset, text), text)


def crontab(
    minute: Value = "*",
    hour: Value = "*",
    *,
    day_of_week: Value = "*",
    day_of_month: Value = "*",
    month_of_year: Value = "*",
) -> Schedule:
    """Return a crontab: of one text ("0 8 * * mon-fri"), or of fields as Celery's users write them.

    With fields a day must match day of month and day of week, where the text would take either.
    """
    from beatd.schedules.crontab.rule import read_crontab
    from beatd.schedules.crontab.schedule import crontab_of
    from beatd.schedules.text import parse

    fields = (minute, hour, day_of_month, month_of_year, day_of_week)
    text = re.sub(r"\s*,\s*", ",", minute) if isinstance(minute, str) else ""
    if len(text.split()) > 1:
        if any(field != "*" for field in fields[1:]):
            raise InvalidScheduleError(text, "give the crontab as one text or as fields, not both")
        return parse(text if text.split()[0].lower() == "cron" else f"cron {text}")
    words = [_field_text(field) for field in fields]
    words[4] = "&" + words[4]
    return crontab_of(read_crontab(words, " ".join(words)), Terms())


def _degrees(value: Any, text: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InvalidScheduleError(text, f"{value!r} is not a number of degrees") from None


def _field_text(value: Any) -> str:
    if isinstance(value, str):
        return "".join(value.split())
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, Iterable):
        several = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return ",".join(_field_text(each) for each in several)
    raise InvalidScheduleError(repr(value), "a field of a crontab is a number, a text, or several of either")


def _signed(value: str | float | timedelta, text: str) -> int:
    if isinstance(value, str):
        size = _duration(value.strip().removeprefix("-"), text)
        return -size if value.strip().startswith("-") else size
    negative = value < timedelta(0) if isinstance(value, timedelta) else value < 0
    return -_duration(-value, text) if negative else _duration(value, text)


def _duration(value: str | float | timedelta, text: str) -> int:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise InvalidScheduleError(text, str(error)) from None
