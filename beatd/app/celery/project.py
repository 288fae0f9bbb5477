"""What holds for all entries of a Celery project: its zone, its queues, the tasks it knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from beatd.app.imports import import_failure
from beatd.core.field_values import FieldError, shown, zone
from beatd.errors import AppImportError

_REDIS = ("redis", "rediss", "sentinel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A Celery app, ready to be read. ``place`` begins what is said about it.

    ``zero_is_first``: its priorities run as Redis reads them in Celery, 0 the soonest.
    """

    app: Any
    place: str
    timezone: str
    queue: str
    zero_is_first: bool
    tasks: Mapping[str, Any]
    schedule: Mapping[Any, Any]


def open_project(app: Any, target: str) -> Project:
    """Return the project, its task modules imported and its signals sent, as Celery's own beat does at its start.

    Raises AppImportError for a configuration that cannot be read.
    """
    try:
        app.loader.init_worker()
        app.finalize()
        conf, tasks = app.conf, app.tasks
        schedule, timezone = conf.beat_schedule, app.timezone
    except Exception as error:  # noqa: BLE001  task modules, signal receivers and routers are the user's
        raise AppImportError(import_failure(target, error)) from None
    if not isinstance(schedule, Mapping):
        raise AppImportError(f"beat_schedule must be a dict of entries by name, got {shown(schedule)}")
    return Project(
        app=app,
        place=f"celery:{target}",
        timezone=_zone_name(timezone),
        queue=str(conf.task_default_queue),
        zero_is_first=_scheme(conf.broker_write_url or conf.broker_url) in _REDIS,
        tasks=tasks,
        schedule=schedule,
    )


def _zone_name(timezone: Any) -> str:
    """Return the name of the zone in which a crontab of the app is read. Raises AppImportError where it has none."""
    name = "UTC" if timezone is UTC else getattr(timezone, "key", None) or getattr(timezone, "zone", None)
    try:
        return zone("timezone", name if name is not None else str(timezone))
    except FieldError:
        reason = f"the zone of its crontabs ({shown(timezone)}) has no name that every host knows"
        raise AppImportError(f"{reason}; set timezone = 'Europe/Berlin' or the like in Celery's settings") from None


def _scheme(url: Any) -> str:
    first = url[0] if isinstance(url, list | tuple) and url else url
    return str(first or "").partition(":")[0].partition("+")[0].lower()
