"""``app.conf``: the settings that Celery's users set on an app, under Celery's names."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from inspect import currentframe, isclass, isfunction, ismodule
from pathlib import Path
from typing import Any

from beatd.errors import SettingsError

# Celery's name for each setting that reaches beatd's own settings.
_SETTINGS = {
    "broker_url": "broker",
    "timezone": "timezone",
    "task_default_queue": "queue",
    "result_expires": "result_expires",
    "accept_content": "accept",
}
_OURS = str(Path(__file__).parent)
KNOWN = ("beat_schedule", *_SETTINGS, "task_serializer", "result_serializer")


class Conf:
    """The settings of one app; what beatd does not have is ignored with a warning that names it."""

    beat_schedule: dict[str, dict[str, Any]]
    broker_url: str | None
    timezone: str | None
    task_default_queue: str | None
    result_expires: float | timedelta | None
    task_serializer: str
    result_serializer: str
    accept_content: Sequence[str] | None

    def __init__(self) -> None:
        self.update(beat_schedule={}, broker_url=None, timezone=None, task_default_queue=None, result_expires=None)
        self.update(task_serializer="json", result_serializer="json", accept_content=None)

    def __setattr__(self, name: str, value: Any) -> None:
        self._take({name: value})

    def update(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Set several at once. Raises SettingsError for results that would not be JSON."""
        self._take({**(values or {}), **more})

    def as_settings(self) -> dict[str, Any]:
        """Return what was set here under the names of ``[beatd]``."""
        found = {own: getattr(self, name) for name, own in _SETTINGS.items()}
        if isinstance(kinds := found["accept"], set | frozenset):
            found["accept"] = sorted(kinds)
        return {own: value for own, value in found.items() if value is not None}

    def _take(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            if name in KNOWN:
                _check(name, value)
                # A ZoneInfo is as good as its name.
                object.__setattr__(self, name, str(value) if name == "timezone" and value is not None else value)
        warn_ignored(name for name in values if name not in KNOWN)


def warn_ignored(names: Iterable[str]) -> None:
    """Say once which settings mean nothing here."""
    if listed := ", ".join(sorted(names)):
        words = f"settings that beatd does not have are ignored: {listed}"
        warnings.warn(words, stacklevel=_level_of_user())


def _level_of_user() -> int:
    """Return how many frames of this package lie between a warning and the user's line."""
    level, frame = 0, currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_OURS):
        level, frame = level + 1, frame.f_back
    return level


def settings_in(source: object, namespace: str | None) -> dict[str, Any]:
    """Return the settings that a module, object or mapping holds, by Celery's lower-case names."""
    pairs = source if isinstance(source, Mapping) else {name: getattr(source, name) for name in dir(source)}
    prefix = f"{namespace}_".casefold() if namespace else ""
    return {
        name.casefold().removeprefix(prefix): value
        for name, value in pairs.items()
        if name.casefold().startswith(prefix) and _is_setting(name, value)
    }


def _is_setting(name: str, value: object) -> bool:
    return not name.startswith("_") and not (ismodule(value) or isclass(value) or isfunction(value))


def _check(name: str, value: Any) -> None:
    if name == "beat_schedule" and not isinstance(value, dict):
        raise SettingsError("conf.beat_schedule", f"must be a dict of entries by name, not {value!r}")
    if name == "task_serializer" and not (isinstance(value, str) and value):
        raise SettingsError("conf.task_serializer", f"must be the name of a serializer, not {value!r}")
    if name == "result_serializer" and str(value).removeprefix("application/") != "json":
        raise SettingsError("conf.result_serializer", f"{value!r}: results are JSON", "leave it out, or use 'json'")
