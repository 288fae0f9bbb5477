"""What `beatd explain` explains: an entry of the sources, or one made of a text and options."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from beatd.cli.options import read_settings
from beatd.cli.sources import entries_named, read_entries
from beatd.config.settings import Settings
from beatd.config.urls import is_file
from beatd.core.calendars import NO_CALENDARS, Calendars
from beatd.core.compiling import schedule_of
from beatd.core.entry import Entry
from beatd.core.field_values import FieldError
from beatd.core.fields import decode_entry
from beatd.errors import BeatdError, DefinitionError
from beatd.schedules import parse
from beatd.schedules.base import Terms
from beatd.schedules.composition.calendars import Calendar, read_calendar
from beatd.schedules.english import Subject, sentence
from beatd.schedules.zones import zone
from beatd.stores.toml_calendars import calendars_of
from beatd.stores.toml_files import read_toml, toml_files

_UNNAMED = "(no name)"


def entry_named(name: str) -> Entry:
    """Return an entry of the sources. Raises BeatdError where there is none, or what is wrong with it."""
    [entry] = entries_named(read_settings(), [name])
    return entry


def entry_of(text: str, fields: Mapping[str, Any]) -> Entry:
    """Return the entry that a text and options describe. Raises InvalidScheduleError, click.BadParameter."""
    given = {key: value for key, value in fields.items() if value not in (None, ())}
    name, timezone = given.pop("name", _UNNAMED), given.pop("timezone", "UTC")
    try:
        zone(timezone)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--timezone") from None
    terms = Terms(timezone=timezone, name=name, gap=given.get("gap"), fold=given.get("fold"))
    # Read apart from the options, so that a wrong text is told as such.
    schedule = str(parse(text, terms))
    excluded = " ".join(given.get("exclude", ()))
    calendars = _calendars(read_settings()) if "calendar" in excluded.lower() else NO_CALENDARS
    raw = {"schedule": schedule, "task": "explain", **given}
    try:
        return decode_entry(name, raw, {}, timezone=timezone, queue="celery", calendars=calendars)
    except FieldError as error:
        reason = f"{error.reason}; {error.hint}" if error.hint else error.reason
        if error.key not in fields:
            raise BeatdError(f"{text!r} {reason}") from None
        raise click.BadParameter(reason, param_hint=f"--{error.key.replace('_', '-')}") from None


def subject_of(entry: Entry) -> Subject:
    """Return an entry as what is told about. Raises InvalidScheduleError."""
    terms = Terms(timezone=entry.timezone, name=entry.name, starts_at=entry.starts_at, gap=entry.gap, fold=entry.fold)
    schedule_of(entry)
    return Subject(
        text=entry.schedule,
        terms=terms,
        exclude=entry.exclude,
        calendars={name: read_calendar(name, document) for name, document in entry.calendars.items()},
        business_days=entry.business_days,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
    )


def told(subject: Subject) -> str:
    """Return a subject as a sentence; what ``H`` draws is left open where no name was given."""
    if subject.terms.name != _UNNAMED:
        return sentence(subject)
    return sentence(replace(subject, terms=replace(subject.terms, name="")))


def is_named(entry: Entry) -> bool:
    """Return whether an entry's name is its own."""
    return entry.name != _UNNAMED


def _calendars(settings: Settings) -> Calendars:
    """Return the calendars of the sources: of their files or, where there are none, those that stored entries name."""
    if settings.schedule:
        paths = [Path(source) for source in settings.schedule if is_file(source)]
        try:
            return calendars_of([read_toml(file) for path in paths for file in toml_files(path)])
        except DefinitionError as error:
            raise BeatdError(str(error)) from error
    try:
        entries = read_entries(settings)
    except BeatdError:
        return NO_CALENDARS
    found: dict[str, Calendar] = {
        name: read_calendar(name, document) for entry in entries for name, document in entry.calendars.items()
    }
    return Calendars(found)
