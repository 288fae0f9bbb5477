"""beatd: a periodic scheduler daemon with a pluggable queue and a prefork worker."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from beatd.app.app import App
    from beatd.app.decorators import periodic, shared_task, task
    from beatd.app.result import AsyncResult
    from beatd.errors import BeatdError, NotSerializableError, Retry, SoftTimeLimitExceeded, TaskFailedError
    from beatd.schedules import at, crontab, every, solar

_HOMES = {
    "App": "beatd.app.app",
    "AsyncResult": "beatd.app.result",
    "BeatdError": "beatd.errors",
    "NotSerializableError": "beatd.errors",
    "Retry": "beatd.errors",
    "SoftTimeLimitExceeded": "beatd.errors",
    "TaskFailedError": "beatd.errors",
    "at": "beatd.schedules",
    "crontab": "beatd.schedules",
    "every": "beatd.schedules",
    "periodic": "beatd.app.decorators",
    "shared_task": "beatd.app.decorators",
    "solar": "beatd.schedules",
    "task": "beatd.app.decorators",
}

__all__ = [
    "App",
    "AsyncResult",
    "BeatdError",
    "NotSerializableError",
    "Retry",
    "SoftTimeLimitExceeded",
    "TaskFailedError",
    "__version__",
    "at",
    "crontab",
    "every",
    "periodic",
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
