"""Celery's schedules as beatd's text: interval, crontab, solar; classes of the project's own are refused."""

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from beatd.core.field_values import FieldError, shown
from beatd.errors import InvalidScheduleError
from beatd.schedules.crontab.fields import (
    DAY_OF_MONTH,
    DAY_OF_WEEK,
    HOUR,
    MINUTE,
    MONTH,
    FieldKind,
    bits,
)
from beatd.schedules.crontab.reader import read_field
from beatd.schedules.durations import format_duration
from beatd.schedules.values import crontab, solar

_US = timedelta(microseconds=1)
_MILLISECOND = 1000
_FIELDS = (
    ("minute", MINUTE),
    ("hour", HOUR),
    ("day_of_week", DAY_OF_WEEK),
    ("day_of_month", DAY_OF_MONTH),
    ("month_of_year", MONTH),
)
_UNITS = (86_400_000_000, 3_600_000_000, 60_000_000)


class Told(NamedTuple):
    """A schedule's text, what is not carried over of it, and whether it was a crontab."""

    text: str
    notes: tuple[str, ...] = ()
    is_crontab: bool = False


def schedule_text(value: Any, *, relative: bool = False, countdown: Any = None) -> Told:
    """Return a schedule of ``beat_schedule``, ``relative`` and ``countdown`` as they stand beside it.

    Raises FieldError.
    """
    from celery import schedules

    delay = _delay(countdown)
    if isinstance(value, int | float | timedelta) and not isinstance(value, bool):
        return _interval(_length(value), relative=relative, delay=delay)
    if type(value) is schedules.schedule:
        told = _interval(_length(value.run_every), relative=bool(value.relative), delay=delay)
    elif type(value) is schedules.crontab:
        told = _crontab(value, delay)
    elif type(value) is schedules.solar:
        told = _solar(value, delay)
    else:
        raise _refused(value)
    return told._replace(notes=(*_of_nowfun(value), *told.notes))


def _refused(value: Any) -> FieldError:
    if value is None or isinstance(value, str | bool):
        return FieldError("schedule", f"must be seconds, a timedelta or a schedule of Celery's, got {shown(value)}")
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    reason = f"is a {name}, whose is_due only Celery's own beat can ask"
    return FieldError("schedule", reason, "say it with schedule, crontab or solar, or in a TOML file as beatd's text")


def _of_nowfun(value: Any) -> Iterator[str]:
    if getattr(value, "nowfun", None) is not None:
        yield "nowfun is not called: the clock is the scheduler's, the zone that of the app's settings"


def _delay(countdown: Any) -> timedelta:
    if countdown is None:
        return timedelta()
    if isinstance(countdown, bool) or not isinstance(countdown, int | float) or countdown < 0:
        raise FieldError("options.countdown", f"must be seconds, got {shown(countdown)}")
    try:
        return timedelta(seconds=countdown)
    except (OverflowError, ValueError):
        raise FieldError("options.countdown", f"is out of range: {shown(countdown)}") from None


def _length(value: Any) -> int:
    try:
        length = value if isinstance(value, timedelta) else timedelta(seconds=value)
    except (OverflowError, TypeError, ValueError):
        raise FieldError("schedule", f"must be a number of seconds or a timedelta, got {shown(value)}") from None
    if length <= timedelta():
        raise FieldError("schedule", f"an interval must be above 0, got {shown(value)}", "write how often it fires")
    return length // _US


def _interval(length: int, *, relative: bool, delay: timedelta) -> Told:
    notes = []
    if delay:
        notes.append("options.countdown is left out: an interval is aligned to the clock, so that it shifts nothing")
    if relative:
        text, said = _rounded(length)
        return Told(text, (*said, *notes))
    if length % _MILLISECOND:
        notes.append(f"its interval of {length / 1_000_000:g} s is rounded to {format_duration(length)}")
    return Told(f"every {format_duration(length)}", tuple(notes))


def _rounded(length: int) -> tuple[str, list[str]]:
    """Return an interval whose runs Celery rounds down to whole days, hours or minutes of the app's zone."""
    unit = next((unit for unit in _UNITS if length >= unit), None)
    if unit is None:
        return f"every {format_duration(length)}", []
    number, rest = divmod(length, unit)
    notes = []
    if rest:
        # Each run is rounded down, and the next is counted from there: what is over never adds up.
        notes.append(f"relative=True: each run is rounded down, so that it is every {format_duration(number * unit)}")
    if number == 1 and unit != _UNITS[2]:
        return ("0 0 * * *" if unit == _UNITS[0] else "0 * * * *"), notes
    if number > 1:
        notes.append("relative=True: its turns are counted from 1970-01-01, not from when the scheduler started")
    if unit == _UNITS[0]:
        return f"rrule DTSTART=19700101T000000;FREQ=DAILY;INTERVAL={number}", notes
    return f"every {format_duration(number * unit)}", notes


def _crontab(value: Any, delay: timedelta) -> Told:
    if delay:
        reason = f"a crontab cannot be put off by {delay.total_seconds():g} s"
        raise FieldError("options.countdown", reason, "write the later time of day into the crontab")
    fields = {name: field_text(kind, getattr(value, f"_orig_{name}"), getattr(value, name)) for name, kind in _FIELDS}
    try:
        return Told(str(crontab(**fields)), is_crontab=True)
    except InvalidScheduleError as error:
        raise FieldError("schedule", f"is the crontab {shown(error.text)}: {error.reason}", error.hint) from None


def field_text(kind: FieldKind, original: Any, values: Iterable[Any]) -> str:
    """Return one field as the user wrote it where beatd reads it alike, else the values that Celery made of it."""
    wanted = sorted(set(values))
    if not wanted or not all(isinstance(value, int) for value in wanted):
        raise FieldError("schedule", f"is a crontab whose {kind.name} names nothing: {shown(original)}")
    if isinstance(original, str) and re.fullmatch(r"[\w*/,-]+", original):
        try:
            found = read_field(kind, original)
        except ValueError:
            found = None
        if found is not None and not (found.marks or found.hashed) and sorted(bits(found.mask)) == wanted:
            return original
    return "*" if len(wanted) == kind.high - kind.low + 1 else ",".join(map(str, wanted))


def _solar(value: Any, delay: timedelta) -> Told:
    try:
        return Told(str(solar(value.event, value.lat, value.lon, offset=delay)))
    except InvalidScheduleError as error:
        raise FieldError("schedule", f"is the event {shown(error.text)}: {error.reason}", error.hint) from None
