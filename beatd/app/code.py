"""The user's code, as `beatd run` and `beatd worker` use it: imported in children, read in a process apart."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from beatd.app.calendars import survey_calendars
from beatd.app.discover import code_entries, import_apps
from beatd.app.imports import divert_output
from beatd.config.settings import Settings
from beatd.core.entry import Draft, Entry
from beatd.core.registry import REGISTRY
from beatd.middleware.base import Middleware
from beatd.processes.apart import run_apart

if TYPE_CHECKING:
    from beatd.wiring.worker import Code

TIMEOUT = 60.0


class Surveyed(NamedTuple):
    """The drafts that code declares, the calendars that cannot be used, in words, and the names of its tasks."""

    drafts: list[Draft]
    wrong: list[str]
    tasks: list[str]


def code_of(settings: Settings) -> "Code | None":
    """Return the code that ``settings.app`` names, or None where it names none."""
    # Engines are wired up by those commands alone that run them.
    from beatd.wiring.worker import Code

    if not settings.app:
        return None
    return Code(load=lambda: _load(settings), read=lambda: _read(settings))


def survey_code(settings: Settings) -> Surveyed:
    """Return what ``settings.app`` declares, and what is wrong beside it. Raises AppImportError, CallError.

    For people who look for every mistake at once.
    """

    def read() -> object:
        apps = import_apps(settings.app, settings.app_dir, settings)
        calendars = survey_calendars(apps)
        return _plain(code_entries(apps, settings, calendars)), [*calendars.broken.values()], [*REGISTRY.tasks]

    drafts, wrong, tasks = read_apart(settings, read)
    return Surveyed(_drafts(drafts), wrong, tasks)


def app_settings_of(settings: Settings, *, meanwhile: Callable[[], None] | None = None) -> dict[str, Any]:
    """Return what the code's ``App(...)`` says about settings; ``meanwhile`` as below. Raises AppImportError."""
    said: dict[str, Any] = read_apart(settings, lambda: own_settings(settings), meanwhile=meanwhile)
    return said


def own_settings(settings: Settings) -> dict[str, Any]:
    """Import the code here, and return what its ``App(...)`` says about settings. Raises AppImportError."""
    found: dict[str, Any] = {}
    for app in import_apps(settings.app, settings.app_dir):
        found.update(app.own_settings)
    return found


def importing(settings: Settings) -> str:
    """Return what is being done while the code is imported, for people."""
    return f"importing {', '.join(settings.app)}"


def read_apart(settings: Settings, read: Callable[[], Any], *, meanwhile: Callable[[], None] | None = None) -> Any:
    """Return what ``read`` finds when it imports the code in a process apart; what it prints goes to stderr.

    ``meanwhile`` is called in this process while that one is at it.
    """

    def diverted() -> Any:
        divert_output()
        return read()

    return run_apart(diverted, timeout=TIMEOUT, what=importing(settings), meanwhile=meanwhile)


def _load(settings: Settings) -> list[Middleware]:
    return [each for app in import_apps(settings.app, settings.app_dir, settings) for each in app.middleware]


def _read(settings: Settings) -> list[Draft]:
    def read() -> object:
        return _plain(code_entries(import_apps(settings.app, settings.app_dir, settings), settings))

    return _drafts(read_apart(settings, read))


def _plain(drafts: list[Draft]) -> object:
    return msgspec.to_builtins([replace(draft, source="code") for draft in drafts], enc_hook=Entry.fields)


def _drafts(plain: object) -> list[Draft]:
    return msgspec.convert(plain, list[Draft], dec_hook=lambda _, fields: Entry(**fields))
