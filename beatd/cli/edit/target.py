"""Where entries are edited: what an option says, else the only source of the settings, else the broker's database."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import click

from beatd.app.store.store import ScheduleStore
from beatd.cli.output import json_line
from beatd.config.settings import Settings
from beatd.config.urls import celery_app, has_tables, is_url
from beatd.core.rows.columns import EDITABLE
from beatd.core.rows.row import COPIED, ScheduleRow
from beatd.core.urls import masked
from beatd.errors import BeatdError, DefinitionError, InvalidEntryError, StoreError, UnknownEntryError


def targets(settings: Settings) -> list[str]:
    """Return what the settings name that can be edited; where that is nothing, the broker's database."""
    sources = [source for source in settings.schedule if celery_app(source) is None]
    if sources:
        return list(dict.fromkeys(sources))
    return [settings.broker] if has_tables(settings.broker) and not settings.schedule else []


def the_target(settings: Settings, given: str | None, option: str) -> str:
    """Return the one place. Raises click.UsageError where there is none, or several."""
    if given is not None:
        return given
    found = targets(settings)
    if len(found) == 1:
        return found[0]
    if not found:
        sources = f"the source is {settings.schedule[0]}" if settings.schedule else "no source is named"
        raise click.UsageError(f"{sources}, and that cannot be edited: give {option} FILE.toml, or {option} URL")
    raise click.UsageError(f"there are several sources: give {option} {f' or {option} '.join(map(masked, found))}")


@contextmanager
def opened(settings: Settings, target: str, *, create: bool) -> Iterator[ScheduleStore]:
    """Open the store of a target."""
    with ScheduleStore(target, namespace=settings.namespace, timezone=settings.timezone, create=create) as store:
        yield store


@contextmanager
def holding(
    settings: Settings, given: str | None, option: str, name: str
) -> Iterator[tuple[ScheduleStore, ScheduleRow]]:
    """Open the store that holds an entry, and read its row. Raises UnknownEntryError where none does."""
    found = [given] if given is not None else targets(settings) or [the_target(settings, None, option)]
    behind = [settings.broker] if given is None and _lists_brokers_rows(settings) else []
    held: list[tuple[ScheduleStore, ScheduleRow]] = []
    missed: BeatdError | None = None
    with ExitStack() as stack:
        for target in (*found, *behind):
            if held and target in behind:
                break
            store = stack.enter_context(opened(settings, target, create=False))
            try:
                held.append((store, store.get(name)))
            except UnknownEntryError as error:
                missed = missed or error
            except (StoreError, DefinitionError) as error:
                # One source that is not there does not hide what the others have.
                if target in found and len(found) == 1:
                    raise
                missed = missed or error
        if not held:
            raise missed or UnknownEntryError(name, f"no entry named {name!r}")
        if len(held) > 1:
            choices = f" or {option} ".join(store.name for store, _ in held)
            raise click.UsageError(f"{name!r} is in several sources: give {option} {choices}")
        yield held[0]


def _lists_brokers_rows(settings: Settings) -> bool:
    """Return whether no database is named beside files: then `beatd list` shows the rows of the broker's own."""
    return bool(targets(settings)) and not any(map(is_url, settings.schedule)) and has_tables(settings.broker)


def bad_parameter(error: InvalidEntryError, option: str) -> click.BadParameter:
    """Return the usage error for a field that an option gave."""
    reason = f"{error.reason}; {error.hint}" if error.hint else error.reason
    return click.BadParameter(reason, param_hint=option)


def row_json(row: ScheduleRow, source: str) -> dict[str, Any]:
    """Return a row as JSON shows it."""
    copied = {key: getattr(row, key) for key in COPIED}
    return {"name": row.name, **{key: getattr(row, key) for key in EDITABLE}, **copied, "source": source}


def say(row: ScheduleRow, store: ScheduleStore, done: str, *, as_json: bool) -> None:
    """Print what became of a row."""
    if as_json:
        json_line(row_json(row, store.name))
    else:
        click.echo(f"{done} {row.name} {'from' if done == 'removed' else 'in'} {store.name}")
