"""The periodic tasks of django-celery-beat as entries, each as its scheduler would send it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from beatd.app.importing.django_schedules import Settings, moment, schedule_of, utc_text
from beatd.app.importing.imported import Found, Imported, LeftOut
from beatd.core.field_values import FieldError, named, shown
from beatd.stores.django_celery_beat import TASKS, Tables

_LOWEST = 9
_INTERVALS = (
    "intervals count from 1970-01-01 UTC, or from start_time, not from the last run, so that they keep to the clock"
)
_RUNS = "last_run_at and total_run_count stay behind: beatd counts its own fires, and owes none from before its start"
_QUEUES = (
    "what the project's settings say of a message (task_routes, task_default_queue, options of the task itself) is not "
    "in the database: where they matter, name the queue in the entry"
)


def read_django_celery_beat(tables: Tables, settings: Settings) -> Found:
    """Return an entry for each periodic task, and what is lost of it."""
    found = Found(notes=list(tables.odd))
    for row in tables.tasks:
        place = f"{TASKS} {row['id']}"
        try:
            found.add(_imported(row, tables, settings, place))
        except FieldError as error:
            found.left_out.append(LeftOut(place=place, what=named(row["name"]), reason=str(error), wrong=True))
    found.notes += _of_all(tables.tasks, found)
    return found


def _of_all(rows: Sequence[Mapping[str, Any]], found: Found) -> Iterator[str]:
    if any(str(entry.fields["schedule"]).startswith("every ") for entry in found.entries):
        yield _INTERVALS
    if any(row.get("last_run_at") is not None or row.get("total_run_count") for row in rows):
        yield _RUNS
    if any("queue" not in entry.fields for entry in found.entries):
        yield _QUEUES


def _imported(row: Mapping[str, Any], tables: Tables, settings: Settings, place: str) -> Imported:
    notes: list[str] = []
    kind, fields = schedule_of(row, tables.schedules, settings, notes)
    fields |= {"task": row["task"]}
    fields |= {key: value for key, value in _call(row).items() if value}
    fields |= _sending(row, settings, notes)
    fields |= _bounds(row, kind, settings, notes)
    if row.get("description"):
        fields["description"] = row["description"]
    return Imported(name=row["name"], place=place, fields=fields, notes=notes)


def _call(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return args, kwargs and headers; what kombu marked as a date or the like stays marked, as workers read it."""
    # As Celery's beat marks its messages.
    headers = {**_json(row, "headers", {}), "celery_beat_task": True}
    return {"args": _json(row, "args", []), "kwargs": _json(row, "kwargs", {}), "headers": headers}


def _json(row: Mapping[str, Any], key: str, default: Any) -> Any:
    text = row.get(key)
    if text is None or text == "":
        return default
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise FieldError(
            key, f"is not valid JSON ({str(error)[:80]}): {shown(text)}", "correct it in the admin"
        ) from None
    if not isinstance(found, type(default)):
        kind = "a list" if isinstance(default, list) else "an object"
        raise FieldError(key, f"must be {kind} in JSON, got {shown(text)}", "correct it in the admin")
    return found


def _sending(row: Mapping[str, Any], settings: Settings, notes: list[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    queue, exchange, key = (row.get(name) or None for name in ("queue", "exchange", "routing_key"))
    if exchange and key:
        # Celery goes by the two, whatever queue is named beside them.
        ends = f"{shown(exchange)} with the routing key {shown(key)}"
        reason = f"sends to {ends}; which queue is behind them, the database does not tell"
        raise FieldError("exchange", reason, "empty both and name the queue, in the admin, then import again")
    if exchange or key:
        one = f"exchange {shown(exchange)}" if exchange else f"routing key {shown(key)}"
        notes.append(f"the {one} alone says nothing to Celery either: the queue is {shown(queue or 'the default one')}")
    if queue:
        fields["queue"] = queue
    if (priority := row.get("priority")) is not None:
        fields["priority"] = _priority(priority, settings, notes)
    if (seconds := row.get("expire_seconds")) is not None and row.get("expires") is None:
        fields["expires"] = seconds
    return fields


def _priority(value: Any, settings: Settings, notes: list[str]) -> Any:
    """Return a priority in beatd's sense, 0 to 9, the highest first."""
    if not isinstance(value, int) or value < 0:
        raise FieldError("priority", f"must be a whole number of 0 or more, got {shown(value)}")
    cut = min(value, _LOWEST)
    found = _LOWEST - cut if settings.zero_is_first else cut
    if settings.zero_is_first:
        notes.append(f"priority {value} is {found} here: with Celery on Redis 0 comes first, with beatd 9")
    elif cut != value:
        notes.append(f"priority {value} is 9 here, which is the highest")
    return found


def _bounds(row: Mapping[str, Any], kind: str, settings: Settings, notes: list[str]) -> dict[str, Any]:
    """Return from when to when it fires, how often, and whether at all."""
    fields: dict[str, Any] = {}
    if (start := moment("start_time", row.get("start_time"), settings)) is not None:
        fields["starts_at"] = utc_text(start)
        if kind == "crontab" and row.get("last_run_at") is None:
            notes.append(
                "start_time: Celery's beat fires a crontab once at start_time itself; here it begins with its next time"
            )
    if (end := moment("expires", row.get("expires"), settings)) is not None:
        fields["ends_at"] = utc_text(end)
        notes.append("expires: the entry ends then, but what waits in the queue is still run")
    enabled = bool(row.get("enabled", True))
    if row.get("one_off") and kind != "clocked":
        fields["max_runs"] = 1
    if row.get("one_off") and row.get("total_run_count") and enabled:
        enabled = False
        notes.append("one_off: it has run already, and is imported as one that is not enabled")
    if not enabled:
        fields["enabled"] = False
    return fields
