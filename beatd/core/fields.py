"""One entry's raw mapping, as TOML, ``@periodic`` or ``beat_schedule`` give it, becomes an ``Entry``."""

from collections.abc import Callable, Mapping
from typing import Any

from beatd.core.calendars import NO_CALENDARS, Calendars, exclude_text
from beatd.core.compiling import compile_entry, schedule_of
from beatd.core.document import nearest
from beatd.core.entry import Entry
from beatd.core.field_values import (
    FieldError,
    choice,
    duration,
    end,
    json_list,
    json_table,
    limit,
    message_headers,
    misfire,
    named,
    none_yet,
    overlap,
    printable,
    queue_name,
    shown,
    start,
    switch,
    text,
    texts,
    whole,
    zone,
)
from beatd.core.rule import rule_text
from beatd.errors import InvalidScheduleError
from beatd.schedules.base import Terms
from beatd.schedules.moments import FIRST, LAST, SECOND, iso
from beatd.schedules.wallclock import HORIZON

__all__ = ["FIELDS", "FieldError", "check_name", "compile_entry", "decode_entry"]

Decoder = Callable[[str, Any], Any]

_DECODERS: dict[str, Decoder] = {
    "task": printable(255),
    "args": json_list,
    "kwargs": json_table,
    "queue": queue_name,
    "priority": whole(0, 9),
    "headers": message_headers,
    "expires": duration(1),
    "time_limit": limit,
    "soft_time_limit": limit,
    "enabled": switch,
    "max_runs": whole(1),
    "misfire": misfire,
    "grace": duration(0),
    "catch_up_limit": whole(1),
    "overlap": overlap,
    "overlap_timeout": duration(1),
    "pause_after_failures": whole(0),
    "jitter": duration(0),
    "gap": choice("shift", "skip"),
    "fold": choice("first", "second", "both"),
    "business_days": choice("next", "previous", "skip"),
    "description": text,
    "tags": texts,
}
_LATER: dict[str, Decoder] = {
    "must_succeed_within": none_yet,
    "notify": none_yet,
}
_SEEN = HORIZON * SECOND
_SEARCHED = 4 * _SEEN
FIELDS = ("name", "schedule", "exclude", "timezone", "starts_at", "ends_at", *_DECODERS, *_LATER)
"""Every key that an entry may have, in this version or a later one."""


def decode_entry(
    name: str,
    raw: Mapping[str, Any],
    defaults: Mapping[str, Any],
    *,
    timezone: str,
    queue: str,
    calendars: Calendars = NO_CALENDARS,
) -> Entry:
    """Return the entry that ``raw`` describes, ``defaults`` beneath it; ``None`` counts as not given.

    ``timezone`` and ``queue`` hold where neither says one; ``calendars`` are those that ``exclude`` may name. Raises
    FieldError naming the first wrong key.
    """
    try:
        return _decoded(name, raw, defaults, (timezone, queue), calendars)
    except FieldError:
        raise
    except Exception as error:  # whatever one entry holds, the others of its source are read
        raise FieldError("schedule", f"the entry cannot be read: {type(error).__name__}: {error}") from error


def _decoded(
    name: str, raw: Mapping[str, Any], defaults: Mapping[str, Any], own: tuple[str, str], calendars: Calendars
) -> Entry:
    timezone, queue = own
    check_name(name)
    given = {key: value for layer in (defaults, raw) for key, value in layer.items() if value is not None}
    _check_keys(name, given)
    for key, decoder in _LATER.items():
        if key in given:
            decoder(key, given[key])
    values: dict[str, Any] = {"queue": queue}
    values.update((key, decoder(key, given[key])) for key, decoder in _DECODERS.items() if key in given)
    values["timezone"] = zone("timezone", given.get("timezone", timezone))
    for key, bound in (("starts_at", start), ("ends_at", end)):
        if key in given:
            values[key] = bound(key, given[key], values["timezone"])
    terms = _terms(name, values)
    values["schedule"] = rule_text("schedule", given["schedule"], terms)
    if "exclude" in given:
        values["exclude"], values["calendars"] = exclude_text(given["exclude"], terms, calendars)
    entry = Entry(name=name, **values)
    _check_together(entry)
    return entry


def _terms(name: str, values: Mapping[str, Any]) -> Terms:
    return Terms(
        timezone=values["timezone"],
        name=name,
        starts_at=values.get("starts_at"),
        gap=values.get("gap"),
        fold=values.get("fold"),
    )


def check_name(name: Any) -> None:
    """Refuse what is no name of an entry. Raises FieldError."""
    if not isinstance(name, str) or not 1 <= len(name) <= 200 or not name.isprintable():
        raise FieldError("name", f"a name has 1 to 200 printable characters, not {shown(name)}")


def _check_keys(name: str, given: Mapping[str, Any]) -> None:
    for key in given:
        if key not in FIELDS:
            raise FieldError(named(key), "unknown key", nearest(str(key), FIELDS) or f"known: {', '.join(FIELDS)}")
    if given.get("name", name) != name:
        raise FieldError(
            "name", f"is {shown(given['name'])}, but the entry stands under {shown(name)}", "leave one out"
        )
    for key, example in (("schedule", 'schedule = "every 5m"'), ("task", 'task = "package.module.function"')):
        if key not in given:
            raise FieldError(key, "is missing", f"for example {example}")


def _check_together(entry: Entry) -> None:
    """Refuse what is wrong only in combination."""
    hard, soft = entry.time_limit, entry.soft_time_limit
    if hard is not None and soft is not None and hard <= soft:
        raise FieldError(
            "time_limit", f"must be longer than soft_time_limit ({soft:g}s), got {hard:g}s", "the soft one comes first"
        )
    starts, ends = entry.starts_at, entry.ends_at
    if starts is not None and ends is not None and ends <= starts:
        raise FieldError("ends_at", f"must be later than starts_at ({iso(starts)}), got {iso(ends)}")
    _check_fires(entry)


def _check_fires(entry: Entry) -> None:
    """Refuse an entry of which its bounds, or what it excludes, leave nothing."""
    cut = entry.exclude is not None or entry.business_days is not None
    if not cut and entry.starts_at is None and entry.ends_at is None:
        return
    key = "business_days" if entry.business_days is not None else "exclude" if cut else "schedule"
    try:
        if _ever_fires(entry):
            return
    except InvalidScheduleError as error:
        raise FieldError(key, f"{shown(error.text)}: {error.reason}", error.hint) from error
    since = "" if entry.starts_at is None else f" from starts_at ({iso(entry.starts_at)})"
    until = "" if entry.ends_at is None else f" before ends_at ({iso(entry.ends_at)})"
    if cut:
        raise FieldError(key, f"can never fire: of {shown(entry.schedule)} nothing is left{since}{until}")
    raise FieldError(key, f"can never fire: {entry.schedule!r} names no moment{since}{until}")


def _ever_fires(entry: Entry) -> bool:
    """Return whether a search from any of a few moments finds a fire: each sees the 40 years after it, or less."""
    schedule = schedule_of(entry)
    low = FIRST if entry.starts_at is None else entry.starts_at
    high = LAST + 1 if entry.ends_at is None else entry.ends_at
    since = max(low, 0)
    # Only days can be closed for longer than a search sees, and to cross those takes no time.
    closes = entry.exclude is not None and ("dates" in entry.exclude or bool(entry.calendars))
    later = range(since, min(since + _SEARCHED, high), _SEEN) if closes else (since,)
    if any(schedule.next_us(moment - 1) is not None for moment in dict.fromkeys((low, *later))):
        return True
    return closes and schedule.last_us(high) is not None
