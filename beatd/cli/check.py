"""``beatd check``."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import click

from beatd.app.code import survey_code
from beatd.cli.lint import entry_notes, set_notes
from beatd.cli.options import examples, given, json_option, setting_options
from beatd.cli.output import clean, json_line
from beatd.clock import SystemClock
from beatd.config.load import load_settings
from beatd.config.settings import Settings
from beatd.config.urls import celery_app, is_url, table_url
from beatd.core.document import nearest
from beatd.core.entry import Draft, Entry
from beatd.core.field_values import FieldError, named, shown
from beatd.errors import BeatdError, DefinitionError, SettingsError
from beatd.stores.toml import TomlSource

LINTED = 10_000
"""Rows of a table that are looked at for what is odd."""

_EXAMPLES = examples(
    "beatd check schedules/", "beatd check prod.toml -A shop.tasks", "beatd check postgresql://beatd@db/beatd"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (``error``) or odd (``warning``); ``text`` begins with its place."""

    level: str
    text: str
    entry: str | None = None


@click.command("check", epilog=_EXAMPLES)
@click.argument("sources", nargs=-1, metavar="[SRC]...")
@setting_options
@json_option
@click.pass_context
def command(context: click.Context, sources: tuple[str, ...], *, as_json: bool) -> None:
    """Read schedules, say all that is wrong, and what is odd.

    SRC is a TOML file, a folder of them, the URL of a database whose table of entries is read, or celery:MODULE for a
    Celery project; ./beatd.toml if none is given. Exit 1 where anything is wrong; odd things, and what of a project is
    not carried over, are warnings. Of a table with more than 10000 rows those beyond are not looked at for odd things.
    """
    from beatd.wiring.drivers import celery_consumes

    settings, findings = _settings(context, sources)
    paths = sources or settings.schedule
    if not paths and not settings.app and not findings:
        findings = [Finding("error", "./beatd.toml: no such file; name one, or `beatd init` writes it")]
    drafts: list[Draft] = []
    for path in paths:
        findings += _read(path, settings, drafts)
    findings += _of_code(settings, drafts)
    if celery_consumes(settings):
        drafts = [draft.without_ends() for draft in drafts]
    findings += _of_drafts(drafts, SystemClock().now())
    findings = list(dict.fromkeys(findings))
    errors = sum(finding.level == "error" for finding in findings)
    for finding in findings:
        _say(finding, as_json=as_json)
    if not as_json:
        click.echo(_summary(len(drafts), findings))
    sys.exit(1 if errors else 0)


def _settings(context: click.Context, sources: tuple[str, ...]) -> tuple[Settings, list[Finding]]:
    """Return the settings, or the defaults and what is wrong with the settings."""
    options = dict(given(context))
    config = options.pop("config", None)
    if sources:
        options["schedule"] = sources
    try:
        return load_settings(options, config_path=config, environ=os.environ), []
    except (SettingsError, DefinitionError) as error:
        return Settings(schedule=tuple(options.get("schedule", ()))), [Finding("error", str(error))]


def _read(path: str, settings: Settings, drafts: list[Draft]) -> Iterator[Finding]:
    """Read all there is, so that a file that is broken does not hide what is wrong in the others."""
    if (target := celery_app(path)) is not None:
        yield from _of_project(path, target, settings, drafts)
        return
    if is_url(path):
        yield from _of_table(path, settings, drafts)
        return
    found, wrong = TomlSource(path, timezone=settings.timezone, queue=settings.queue).survey()
    drafts += found
    yield from (Finding("error", text) for text in wrong)


def _of_table(url: str, settings: Settings, drafts: list[Draft]) -> Iterator[Finding]:
    """Read a table by page; a million rows are not kept."""
    from beatd.cli.listing.checked import checked_rows

    number = 0
    try:
        usable = table_url("schedule", url, os.environ)
    except FieldError:
        return  # the settings have told that already
    for name, text, draft in checked_rows(usable, settings):
        number += name is not None
        if text is not None:
            yield Finding("error", text, name)
        elif draft is not None and number <= LINTED:
            drafts.append(draft)


def _of_project(source: str, target: str, settings: Settings, drafts: list[Draft]) -> Iterator[Finding]:
    """Read a Celery project: what is not carried over, and the tasks that it does not know itself."""
    from beatd.app.celery.reading import read_celery

    try:
        reading = read_celery(settings, target)
    except BeatdError as error:
        yield Finding("error", f"{source}: {error}")
        return
    drafts += reading.drafts
    places = {draft.name: _path(draft.place, draft.name) for draft in reading.drafts}
    for note in reading.notes:
        place = source if note.entry is None else places[note.entry]
        yield Finding("warning", f"{place}: {note.text}", note.entry)
    yield from _unknown_tasks(reading.drafts, {*reading.tasks}, source)


def _of_code(settings: Settings, drafts: list[Draft]) -> Iterator[Finding]:
    """Read what code declares, and look for the tasks that entries name."""
    if not settings.app:
        return
    modules = ", ".join(settings.app)
    try:
        code = survey_code(settings)
    except BeatdError as error:
        yield Finding("error", f"{modules}: {error}")
        return
    drafts += code.drafts
    yield from (Finding("error", f"{modules}: {text}") for text in code.wrong)
    known = {*code.tasks, "beatd.shell", "beatd.http"}
    # A project's tasks are looked for where they are, in the project.
    yield from _unknown_tasks([draft for draft in drafts if draft.source != "celery"], known, modules)


def _unknown_tasks(drafts: list[Draft], known: set[str], where: str) -> Iterator[Finding]:
    for draft in drafts:
        if draft.entry is not None and draft.entry.task not in known:
            hint = nearest(draft.entry.task, known)
            text = f"no task named {shown(draft.entry.task)} is in {where}" + (f"; {hint}" if hint else "")
            yield Finding("warning", f"{_path(draft.place, draft.name)}: {text}", draft.name)


def _of_drafts(drafts: list[Draft], now: int) -> Iterator[Finding]:
    places: dict[str, str] = {}
    entries: dict[str, Entry] = {}
    for draft in drafts:
        former = places.setdefault(draft.name, draft.place)
        if former != draft.place:
            text = f"{_path(draft.place, draft.name)}: is already defined at {former}; rename one of them"
            yield Finding("error", text, draft.name)
        if draft.entry is None:
            yield Finding("error", draft.error or f"{draft.place}: cannot be read", draft.name)
            continue
        try:
            for note in entry_notes(draft.entry, now):
                yield Finding("warning", f"{_path(draft.place, draft.name)}: {note}", draft.name)
            entries.setdefault(draft.name, draft.entry)
        except BeatdError as error:
            yield Finding("error", f"{_path(draft.place, draft.name)}: {error}", draft.name)
    for name, text in set_notes([*entries.values()], now):
        yield Finding("warning", f"{_path(places[name], name)}: {text}", name)


def _path(place: str, name: str) -> str:
    # A place in a beat_schedule names the entry already.
    return place if place.endswith("]") else f"{place}: schedules.{named(name)}"


def _summary(number: int, findings: list[Finding]) -> str:
    """Return how many of the entries are wrong or odd; files, calendars and settings are counted apart."""
    wrong, odd = (
        {finding.entry for finding in findings if finding.level == level and finding.entry is not None}
        for level in ("error", "warning")
    )
    beside = sum(finding.entry is None and finding.level == "error" for finding in findings)
    said = f"{number} {'entry' if number == 1 else 'entries'}: {len(wrong)} wrong, {len(odd - wrong)} odd"
    return said + (f"; {beside} {'error' if beside == 1 else 'errors'} beside them" if beside else "")


def _say(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        json_line({"level": finding.level, "entry": finding.entry, "message": finding.text})
    else:
        click.echo(clean(f"{finding.level}: {finding.text}"))
