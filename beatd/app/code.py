"""The user's code, as `beatd run` and `beatd worker` use it: imported in children, read in a process apart."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from beatd.app.discover import code_entries, import_apps
from beatd.config.settings import Settings
from beatd.core.entry import Draft
from beatd.processes.apart import run_apart

if TYPE_CHECKING:
    from beatd.wiring.together import Code

TIMEOUT = 60.0


def code_of(settings: Settings) -> "Code | None":
    """Return the code that ``settings.app`` names, or None where it names none."""
    # Engines are wired up by those commands alone that run them.
    from beatd.wiring.together import Code

    if not settings.app:
        return None
    return Code(load=lambda: _load(settings), read=lambda: _read(settings))


def app_settings_of(settings: Settings) -> dict[str, Any]:
    """Return what the code's ``App(...)`` says about settings. Raises AppImportError."""

    def read() -> dict[str, Any]:
        found: dict[str, Any] = {}
        for app in import_apps(settings.app, settings.app_dir):
            found.update(app.own_settings)
        return found

    said: dict[str, Any] = run_apart(read, timeout=TIMEOUT, what=_what(settings))
    return said


def _load(settings: Settings) -> None:
    import_apps(settings.app, settings.app_dir, settings)


def _read(settings: Settings) -> list[Draft]:
    def read() -> object:
        drafts = code_entries(import_apps(settings.app, settings.app_dir, settings), settings)
        return msgspec.to_builtins([replace(draft, source="code") for draft in drafts])

    return msgspec.convert(run_apart(read, timeout=TIMEOUT, what=_what(settings)), list[Draft])


def _what(settings: Settings) -> str:
    return f"importing {', '.join(settings.app)}"
