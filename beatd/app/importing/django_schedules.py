"""The schedule that a row of django-celery-beat points at, as fields of an entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from beatd.app.importing.celery_crontab import crontab_text
from beatd.core.field_values import FieldError, shown, zone
from beatd.errors import InvalidScheduleError
from beatd.schedules.durations import format_duration
from beatd.schedules.moments import iso, to_us
from beatd.schedules.values import solar

_KINDS = ("interval", "crontab", "solar", "clocked")
_PERIODS = {
    "days": 86_400_000_000,
    "hours": 3_600_000_000,
    "minutes": 60_000_000,
    "seconds": 1_000_000,
    "microseconds": 1,
}
_MILLISECOND = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the database does not say of itself.

    ``timezone``: of crontabs whose rows have none; of all where ``rows_have_zones`` is false, as for Celery's beat
    with DJANGO_CELERY_BEAT_TZ_AWARE = False, whatever the rows say. ``naive``: of moments without one.
    ``zero_is_first``: whether its priorities are those of Celery on Redis, 0 the soonest. ``now``: microseconds since
    the epoch.
    """

    timezone: str = "UTC"
    rows_have_zones: bool = True
    naive: str = "UTC"
    zero_is_first: bool = True
    now: int = 0


class Schedule(NamedTuple):
    """One of the four kinds, and the fields that it gives an entry."""

    kind: str
    fields: dict[str, Any]


def schedule_of(
    task: Mapping[str, Any], rows: Mapping[str, Mapping[int, Mapping[str, Any]]], settings: Settings, notes: list[str]
) -> Schedule:
    """Return the schedule of a row of periodic tasks, the first one where it has several. Raises FieldError."""
    given = [kind for kind in _KINDS if task.get(f"{kind}_id") is not None]
    if not given:
        raise FieldError("schedule", "the row has none: interval_id, crontab_id, solar_id and clocked_id are NULL")
    kind = given[0]
    if len(given) > 1:
        notes.append(f"has {' and '.join(given)}: django-celery-beat goes by the {kind}, and so does this entry")
    row = rows[f"{kind}schedule"].get(task[f"{kind}_id"])
    if row is None:
        where = f"django_celery_beat_{kind}schedule"
        raise FieldError("schedule", f"{where} has no row {task[f'{kind}_id']}, at which {kind}_id points")
    return Schedule(kind, _FIELDS[kind](row, settings, notes))


def _interval(row: Mapping[str, Any], _: Settings, notes: list[str]) -> dict[str, Any]:
    every, period = row["every"], row["period"]
    if period not in _PERIODS:
        raise FieldError("schedule", f"an interval of {shown(period)}; known are {', '.join(_PERIODS)}")
    if not isinstance(every, int) or every < 1:
        raise FieldError("schedule", f"an interval of {shown(every)} {period}; it must be 1 or more")
    length = every * _PERIODS[period]
    text = f"every {format_duration(length)}"
    if length % _MILLISECOND:
        notes.append(f"its interval of {every} {period} is rounded to whole milliseconds: {text}")
    return {"schedule": text}


def _crontab(row: Mapping[str, Any], settings: Settings, notes: list[str]) -> dict[str, Any]:
    given = row.get("timezone") if settings.rows_have_zones else None
    timezone = zone("timezone", str(given)) if given else settings.timezone
    return {"schedule": crontab_text(row, notes), "timezone": timezone}


def _solar(row: Mapping[str, Any], _: Settings, __: list[str]) -> dict[str, Any]:
    try:
        return {"schedule": str(solar(row["event"], float(row["latitude"]), float(row["longitude"])))}
    except InvalidScheduleError as error:
        raise FieldError("schedule", f"is the event {shown(error.text)}: {error.reason}", error.hint) from None
    except (TypeError, ValueError):
        place = f"{shown(row['latitude'])}, {shown(row['longitude'])}"
        raise FieldError("schedule", f"latitude and longitude must be numbers, got {place}") from None


def _clocked(row: Mapping[str, Any], settings: Settings, notes: list[str]) -> dict[str, Any]:
    found = moment("clocked_time", row["clocked_time"], settings)
    if found is None:
        raise FieldError("schedule", "clocked_time is NULL")
    if to_us(found) <= settings.now:
        notes.append("its moment is past: Celery's beat would fire it at once if it has not run yet; beatd never does")
    return {"schedule": f"at {utc_text(found)}"}


_FIELDS = {"interval": _interval, "crontab": _crontab, "solar": _solar, "clocked": _clocked}


def moment(key: str, value: Any, settings: Settings) -> datetime | None:
    """Return a column's moment, with its zone; SQLite has it as text. Raises FieldError."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise FieldError(key, f"must be a moment, got {shown(value)}") from None
    if not isinstance(value, datetime):
        raise FieldError(key, f"must be a moment, got {shown(value)}")
    try:
        aware = value if value.tzinfo is not None else value.replace(tzinfo=ZoneInfo(settings.naive))
        return aware.astimezone(UTC)
    except OverflowError:
        raise FieldError(key, f"is out of range: {shown(str(value))}") from None


def utc_text(found: datetime) -> str:
    """Return a moment as an entry's fields have it."""
    return iso(to_us(found))
