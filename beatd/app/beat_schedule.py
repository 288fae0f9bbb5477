"""``app.conf.beat_schedule`` as Celery's users write it, in the fields of an entry."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from beatd.core.fields import FIELDS, FieldError

_OPTIONS = ("queue", "priority", "expires", "time_limit", "soft_time_limit", "headers")


def entry_fields(raw: Any) -> dict[str, Any]:
    """Return the fields of one entry of ``beat_schedule``; those of beatd's own may stand beside Celery's.

    Raises FieldError.
    """
    if not isinstance(raw, Mapping):
        raise FieldError("beat_schedule", f"an entry must be a dict with 'task' and 'schedule', got {raw!r}")
    fields = {key: value for key, value in raw.items() if key not in {"options", "relative"}}
    if raw.get("relative"):
        raise FieldError("relative", "is not needed", "intervals are aligned to the clock already; leave it out")
    fields.update(_options(raw.get("options") or {}, fields))
    if "schedule" in fields:
        fields["schedule"] = schedule_field(fields["schedule"])
    # A task of this process may be given itself instead of its name.
    fields["task"] = getattr(fields.get("task"), "name", fields.get("task"))
    return fields


def schedule_field(value: Any) -> Any:
    """Return a schedule that an entry takes; a number is seconds, as with Celery. Raises FieldError."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    if type(value).__module__.partition(".")[0] == "celery":
        name = type(value).__name__
        raise FieldError("schedule", f"is Celery's own {name}", "import crontab, solar or every from beatd instead")
    return value


def _options(options: Any, fields: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(options, Mapping):
        raise FieldError("options", f"must be a dict, got {options!r}")
    for key, value in options.items():
        if key not in _OPTIONS:
            beside = "it stands beside 'task', not in 'options'" if key in FIELDS else f"known: {', '.join(_OPTIONS)}"
            raise FieldError(f"options.{key}", "unknown key", beside)
        if key in fields:
            raise FieldError(f"options.{key}", f"is given beside 'task' too, as {fields[key]!r}", "leave one out")
        if isinstance(value, datetime):
            raise FieldError(f"options.{key}", "must be seconds or a timedelta", "it counts from each fire time")
    return dict(options)
