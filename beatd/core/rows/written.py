"""An entry's fields as a row or a file keeps them: Python's values as text, numbers, lists and tables."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from beatd.core.calendars import NO_CALENDARS, Calendars
from beatd.core.document import nearest
from beatd.core.field_values import FieldError, choice, json_list, json_table, named, shown, switch, text, texts, whole
from beatd.core.fields import FIELDS, decode_entry
from beatd.core.plan import Misfire, Overlap
from beatd.core.rows.columns import EDITABLE
from beatd.core.rows.row import DURATIONS
from beatd.core.rule import written
from beatd.errors import InvalidEntryError
from beatd.schedules.durations import format_duration, parse_duration

_RULE = 'must be text such as "every 5m" or "0 8 * * mon-fri", or a list of them'
_EXCLUDED = 'must be text such as "calendar de", "dates 2026-12-24..2026-12-31" or "* 0-7 * * *", or a list of them'
_MOST = 2**63 - 1


def written_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields as they are kept; None stays None. Raises FieldError for what no row could hold."""
    return {key: None if value is None else _written(key, value) for key, value in fields.items()}


def written_as_far(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of these fields as it is kept, and what no row could hold as it is."""
    return {key: _kept(key, value) for key, value in fields.items() if key in EDITABLE}


def _kept(key: str, value: Any) -> Any:
    try:
        return written_fields({key: value})[key]
    except FieldError:
        return value


def checked(
    name: str,
    fields: Mapping[str, Any],
    *,
    timezone: str,
    defaults: Mapping[str, Any] | None = None,
    calendars: Calendars = NO_CALENDARS,
) -> None:
    """Raise InvalidEntryError where these written fields make no entry."""
    try:
        decode_entry(name, fields, defaults or {}, timezone=timezone, queue="celery", calendars=calendars)
    except FieldError as error:
        raise invalid(name, error) from None


def is_text(value: object) -> bool:
    """Return whether this is text that every store can keep."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def invalid(name: object, error: FieldError) -> InvalidEntryError:
    """Return the error for a user."""
    key = ".".join(named(step) for step in error.key.split("."))
    return InvalidEntryError(f"schedules.{named(name)}.{key}", error.reason, error.hint, field=error.key)


def _written(key: str, value: Any) -> Any:
    write = _WRITERS.get(key)
    if write is None:
        known = [field for field in FIELDS if field in EDITABLE]
        reason = "cannot be changed" if key == "name" else "not in this version" if key in FIELDS else "unknown field"
        remedy = nearest(str(key), known) or f"known: {', '.join(known)}"
        raise FieldError(named(key), reason, "remove the entry and add another" if key == "name" else remedy)
    found = write(key, value)
    _check_text(key, found)
    return found


def _duration(key: str, value: Any) -> str:
    # Text stays as it is written, right or wrong.
    if isinstance(value, str):
        return value
    if isinstance(value, timedelta | float | int) and not isinstance(value, bool):
        try:
            return format_duration(parse_duration(value))
        except ValueError as error:
            raise FieldError(key, str(error)) from None
    raise FieldError(key, f"must be a duration such as 90, '1h30m' or a timedelta, got {shown(value)}")


def _moment(key: str, value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    raise FieldError(key, f'must be a moment such as "2026-12-24T18:00" or a datetime, got {shown(value)}')


def _table(key: str, value: Any) -> dict[str, Any]:
    return json_table(key, dict(value) if isinstance(value, Mapping) else value)


def _tags(key: str, value: Any) -> list[str]:
    return texts(key, list(value) if isinstance(value, tuple | set | frozenset) else value)


def _check_text(path: str, value: Any) -> None:
    """Raise FieldError for characters that a server's text cannot hold."""
    if isinstance(value, str) and not is_text(value):
        what, remedy = "a NUL character", "leave it out"
        if "\0" not in value:
            what, remedy = "a lone surrogate", "decode it with errors='replace'"
        raise FieldError(path, f"holds {what}, which a database cannot keep", remedy)
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_text(path, key)
            _check_text(f"{path}.{key}", item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_text(f"{path}[{index}]", item)


_WRITERS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("task", "timezone", "queue", "description"), text),
    "schedule": lambda key, value: written(key, value, _RULE),
    "exclude": lambda key, value: written(key, value, _EXCLUDED),
    "args": json_list,
    **dict.fromkeys(("kwargs", "headers"), _table),
    **dict.fromkeys(("priority", "max_runs", "catch_up_limit", "pause_after_failures"), whole(-_MOST, _MOST)),
    **dict.fromkeys(DURATIONS, _duration),
    "enabled": switch,
    **dict.fromkeys(("starts_at", "ends_at"), _moment),
    "misfire": choice(*(word.value for word in Misfire)),
    "overlap": choice(*(word.value for word in Overlap)),
    "gap": choice("shift", "skip"),
    "fold": choice("first", "second", "both"),
    "business_days": choice("next", "previous", "skip"),
    "tags": _tags,
}
