"""The entries of files, Celery projects and code, read for commands that fire nothing."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial

from beatd.config.settings import Settings
from beatd.config.urls import celery_app, is_url
from beatd.core.document import nearest
from beatd.core.entry import Draft, Entry
from beatd.core.field_values import shown
from beatd.errors import BeatdError, SettingsError, StoreError, UnknownEntryError
from beatd.stores.toml import TomlSource


def read_drafts(settings: Settings) -> list[Draft]:
    """Return what every source but tables defines, the first of each name. Raises DefinitionError, AppImportError."""
    from beatd.app.code import code_of

    drafts: dict[str, Draft] = {}
    code = code_of(settings)
    files = [path for path in settings.schedule if not is_url(path)]
    reads = [*(_file(path, settings) for path in files), *([code.read] if code else [])]
    for draft in (draft for read in reads for draft in read()):
        drafts.setdefault(draft.name, draft)
    return list(drafts.values())


def read_entries(settings: Settings) -> list[Entry]:
    """Return the good entries of the sources; where there is none those of the store's set, as any host can."""
    if settings.schedule or settings.app:
        return [draft.entry for draft in read_drafts(settings) if draft.entry is not None]
    from beatd.wiring.entries import list_entries

    try:
        views = list_entries(settings)
    except StoreError as error:
        raise no_source(f"there is no ./beatd.toml, and {error}") from error
    entries = [view.version.entry for view in views if view.version is not None and view.state != "paused"]
    return [entry for entry in entries if entry is not None]


def entries_named(settings: Settings, names: Sequence[str]) -> list[Entry]:
    """Return these entries of the sources, rows of tables included.

    Raises BeatdError where one is not there, or what is wrong with it.
    """
    if settings.schedule or settings.app:
        drafts = read_drafts(settings)
        for draft in drafts:
            if draft.name in names and draft.error:
                raise BeatdError(draft.error)
        found = [draft.entry for draft in drafts if draft.entry is not None]
    else:
        found = read_entries(settings)
    entries = {entry.name: entry for entry in found}
    return [entries.get(name) or _stored(settings, name, entries) for name in dict.fromkeys(names)]


def _stored(settings: Settings, name: str, others: Mapping[str, Entry]) -> Entry:
    """Return the entry that the store or a table has of a name that no file has."""
    from beatd.wiring.entries import list_entries

    try:
        (view,) = list_entries(settings, name=name)
    except StoreError as error:
        hint = nearest(name, others)
        if hint is None and isinstance(error, UnknownEntryError):
            raise
        raise BeatdError(f"there is no entry {shown(name)}" + (f"; {hint}" if hint else "")) from error
    entry = None if view.version is None else view.version.entry
    if entry is None:
        raise BeatdError(f"{view.source}: {view.error}")
    if view.pause is not None:
        raise BeatdError(f"entry {shown(name)} is paused, so it does not fire; `beatd resume` ends that")
    return entry


def own_table(settings: Settings) -> str:
    """Return the broker's URL where its database has rows, such as `beatd add` makes. Raises SettingsError."""
    from beatd.cli.listing.tables import open_tables

    with ExitStack() as stack:
        if open_tables(settings, stack):
            return settings.broker
    raise no_source()


def no_source(reason: str = "there is no ./beatd.toml") -> SettingsError:
    """Return the error for a command that has nothing to read."""
    return SettingsError("schedule", reason, "give --schedule FILE, or write one: `beatd init`")


def _file(path: str, settings: Settings) -> Callable[[], list[Draft]]:
    if (target := celery_app(path)) is not None:
        return partial(_project, target, settings)
    return TomlSource(path, timezone=settings.timezone, queue=settings.queue).load


def _project(target: str, settings: Settings) -> list[Draft]:
    from beatd.app.celery.reading import read_celery

    return read_celery(settings, target).drafts
