"""Putting what was found elsewhere into a file or a database, and telling all of it."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from beatd.app.importing.imported import Found, Imported, LeftOut
from beatd.cli.output import beginning, clean, json_line, one_line, table
from beatd.config.settings import Settings
from beatd.config.urls import is_url
from beatd.errors import BeatdError, InvalidEntryError

if TYPE_CHECKING:
    from beatd.app.store.store import ScheduleStore

_MOST_SHOWN = 100
_UNDECIDED = "-"


def take_over(settings: Settings, found: Found, *, to: str | None, dry_run: bool, as_json: bool) -> int:
    """Put the entries there, print what became of each, and return the exit code: 1 where one could not be read."""
    outcomes, place = [_UNDECIDED] * len(found.entries), None
    if to is not None:
        outcomes, place = _put(settings, found, to, dry_run=dry_run)
    if as_json:
        _as_json(found, outcomes)
    else:
        _as_text(found, outcomes, place, dry_run=dry_run)
    return 1 if any(each.wrong for each in found.left_out) else 0


def _put(settings: Settings, found: Found, to: str, *, dry_run: bool) -> tuple[list[str], str]:
    """Return the outcome of each entry, and the place; what that refuses is moved to what is left out."""
    from beatd.app.store.store import ScheduleStore

    outcomes: list[str] = []
    taken = []
    with ExitStack() as stack:
        store = stack.enter_context(ScheduleStore(to, namespace=settings.namespace, timezone=settings.timezone))
        # One file is written once; of a database nobody sees the half.
        stack.enter_context(store.transaction(dry_run=dry_run))
        _put_calendars(store, found, to)
        for entry in found.entries:
            try:
                outcomes.append(store.put({"name": entry.name, **entry.fields}))
            except InvalidEntryError as error:
                told = LeftOut(place=entry.place, what=entry.name, reason=str(error), wrong=True)
                found.left_out.append(told)
            else:
                taken.append(entry)
    found.entries[:] = taken
    return outcomes, store.name


def _put_calendars(store: "ScheduleStore", found: Found, to: str) -> None:
    for name, document in found.calendars.items():
        if is_url(to):
            found.notes.append(f"the calendar {name!r}: {store.put_calendar(name, document)}")
        else:
            found.notes.append(
                f"the calendar {name!r} stays in its file: write it into {to} for the entries that name it"
            )


def _as_json(found: Found, outcomes: Sequence[str]) -> None:
    for entry, outcome in zip(found.entries, outcomes, strict=True):
        told = {"kind": "entry", "name": entry.name, "place": entry.place, "outcome": outcome}
        json_line({**told, "fields": entry.fields, "notes": list(entry.notes)})
    for each in found.left_out:
        json_line({"kind": "left_out", "place": each.place, "what": each.what, "reason": each.reason})
    for note in found.notes:
        json_line({"kind": "note", "text": note})


def _as_text(found: Found, outcomes: Sequence[str], place: str | None, *, dry_run: bool) -> None:
    if found.entries:
        table(("NAME", "SCHEDULE", "ZONE", "TASK", "OUTCOME"), islice(map(_row, found.entries, outcomes), _MOST_SHOWN))
        _more(len(found.entries) - _MOST_SHOWN)
    _several(f"note: {entry.name}: {note}" for entry in found.entries for note in entry.notes)
    _several(f"note: {note}" for note in found.notes)
    _several(f"left out: {each.place}: {each.what}: {each.reason}" for each in found.left_out)
    click.echo(one_line(_summary(found, outcomes, place, dry_run=dry_run)))
    if dry_run or place is None:
        for entry in found.entries:
            click.echo("\n" + clean(_toml(entry)).rstrip())


def _toml(entry: Imported) -> str:
    """Return an entry's table; in its stead a comment where TOML cannot hold it."""
    from beatd.stores.edits.toml_text import table_text

    try:
        return table_text(entry.name, entry.fields)
    except InvalidEntryError as error:
        return f"# {one_line(error)}"


def _row(entry: Imported, outcome: str) -> tuple[Any, ...]:
    fields = entry.fields
    return entry.name, beginning(_schedule(fields["schedule"])), fields.get("timezone", "-"), fields["task"], outcome


def _schedule(value: Any) -> str:
    return " | ".join(map(str, value)) if isinstance(value, list) else str(value)


def _several(lines: Iterable[str]) -> None:
    hidden = 0
    for number, line in enumerate(lines):
        if number < _MOST_SHOWN:
            click.echo(one_line(line))
        else:
            hidden += 1
    _more(hidden)


def _more(hidden: int) -> None:
    if hidden > 0:
        click.echo(f"... and {hidden} more of these; --json prints all")


def _summary(found: Found, outcomes: Sequence[str], place: str | None, *, dry_run: bool) -> str:
    number = len(found.entries)
    words = [f"{number} {'entry' if number == 1 else 'entries'}"]
    told = [f"{outcomes.count(each)} {each}" for each in ("added", "changed", "unchanged") if each in outcomes]
    said = f"{words[0]}{': ' + ', '.join(told) if told else ''}"
    if found.left_out:
        said += f"; {len(found.left_out)} left out"
    if place is None:
        return f"{said}; nothing was written: --to FILE.toml or --to URL says where to"
    return f"{said}; {'this would be' if dry_run else 'this is'} in {place}"


def refuse_nothing(found: Found, place: str) -> None:
    """Raise BeatdError where nothing at all could be read, with the first few reasons."""
    wrong = [each for each in found.left_out if each.wrong]
    if found.entries or not wrong:
        return
    first = "; ".join(f"{each.place}: {each.what}: {each.reason}" for each in wrong[:3])
    more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    raise BeatdError(clean(f"no entry could be read from {place}: {first}{more}"))
