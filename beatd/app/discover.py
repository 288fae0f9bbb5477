"""The apps that ``-A MODULE[:ATTR]`` names, and the entries that their code declares."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from beatd.app.app import App
from beatd.app.beat_schedule import entry_fields
from beatd.app.binding import use_settings
from beatd.app.calendars import calendars_of
from beatd.app.current import current_app
from beatd.app.imports import load_module, put_first
from beatd.config.settings import Settings
from beatd.core.calendars import Calendars
from beatd.core.entry import Draft
from beatd.core.fields import FieldError, decode_entry
from beatd.core.registry import REGISTRY
from beatd.errors import AppImportError


def import_apps(names: Sequence[str], app_dir: str, settings: Settings | None = None) -> list[App]:
    """Import these modules, ``app_dir`` first on the path, and return the apps they hold; a module may hold none.

    With ``settings`` every app of this process sends by them, whatever it says itself. Raises AppImportError.
    """
    if settings is not None:
        use_settings(settings)
    put_first(app_dir)
    apps: list[App] = []
    for name in names:
        module, _, attribute = name.partition(":")
        loaded = load_module(module)
        found = [_chosen(loaded, attribute)] if attribute else list(_held(loaded).values())
        apps += [app for app in found if app not in apps]
    return apps


def code_entries(
    apps: Sequence[App], settings: Settings | None = None, calendars: Calendars | None = None
) -> list[Draft]:
    """Return a draft for each ``@periodic`` of this process and each entry of these apps' ``conf.beat_schedule``.

    ``settings`` give the default zone and queue; without them the app's own do. Each may name the calendars of all
    these apps, or ``calendars`` where they have been read already. Raises CallError where two apps define one calendar
    in two ways.
    """
    own = settings or current_app().settings
    calendars = calendars_of(apps) if calendars is None else calendars
    drafts = [
        _draft(name, REGISTRY.places.get(name, name), raw, own, calendars) for name, raw in REGISTRY.periodic.items()
    ]
    for app in apps:
        chosen = settings or app.settings
        for name, raw in app.conf.beat_schedule.items():
            place = f"{app.name or 'app'}.conf.beat_schedule[{name!r}]"
            drafts.append(_draft(str(name), place, raw, chosen, calendars))
    return drafts


def _draft(name: str, place: str, raw: Any, settings: Settings, calendars: Calendars) -> Draft:
    try:
        fields = entry_fields(raw)
        entry = decode_entry(name, fields, {}, timezone=settings.timezone, queue=settings.queue, calendars=calendars)
    except FieldError as error:
        return Draft(name=name, place=place, error=f"{place}: {error}")
    return Draft(name=name, place=place, entry=entry)


def _held(module: ModuleType) -> Mapping[str, App]:
    return {name: value for name, value in vars(module).items() if isinstance(value, App)}


def _chosen(module: ModuleType, attribute: str) -> App:
    found = getattr(module, attribute, None)
    if isinstance(found, App):
        return found
    problem = "is no App" if hasattr(module, attribute) else "is not there"
    there = ", ".join(f"{module.__name__}:{name}" for name in _held(module))
    remedy = f"it has {there}" if there else "it has no App; write app = App(), or name the module alone"
    raise AppImportError(f"{module.__name__}:{attribute} {problem}; {remedy}")
