"""beatd: a periodic scheduler daemon with a pluggable queue and a prefork worker."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from beatd.app.app import App
    from beatd.app.decorators import periodic, shared_task, task
    from beatd.app.result import AsyncResult
    from beatd.app.store.store import ScheduleStore
    from beatd.core.serializers.known import register_serializer
    from beatd.errors import BeatdError, NotSerializableError, Retry, SoftTimeLimitExceeded, TaskFailedError
    from beatd.middleware.base import Middleware
    from beatd.schedules.at import at
    from beatd.schedules.values import crontab, every, solar

_HOMES = {
    "App": "beatd.app.app",
    "AsyncResult": "beatd.app.result",
    "BeatdError": "beatd.errors",
    "Middleware": "beatd.middleware.base",
    "NotSerializableError": "beatd.errors",
    "Retry": "beatd.errors",
    "ScheduleStore": "beatd.app.store.store",
    "SoftTimeLimitExceeded": "beatd.errors",
    "TaskFailedError": "beatd.errors",
    "at": "beatd.schedules.at",
    "crontab": "beatd.schedules.values",
    "every": "beatd.schedules.values",
    "periodic": "beatd.app.decorators",
    "register_serializer": "beatd.core.serializers.known",
    "shared_task": "beatd.app.decorators",
    "solar": "beatd.schedules.values",
    "task": "beatd.app.decorators",
}

__all__ = [
    "App",
    "AsyncResult",
    "BeatdError",
    "Middleware",
    "NotSerializableError",
    "Retry",
    "ScheduleStore",
    "SoftTimeLimitExceeded",
    "TaskFailedError",
    "__version__",
    "at",
    "crontab",
    "every",
    "periodic",
    "register_serializer",
    "shared_task",
    "solar",
    "task",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import beatd`` stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'beatd' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
