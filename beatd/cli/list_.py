"""``beatd list``."""

import shlex
import sys
from contextlib import ExitStack
from itertools import islice
from typing import Any

import click

from beatd.cli.listing.asked import Asked, asking
from beatd.cli.listing.found import Found
from beatd.cli.operate.queue import pause_told
from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import beginning, json_line, optional_iso, short, table
from beatd.config.settings import Settings
from beatd.core.record import Sent
from beatd.wiring.entries import EntryView

LONGEST = 1000
"""Entries on one page for people, where --limit does not say."""

_COLUMNS = ("NAME", "SCHEDULE", "ZONE", "TASK", "STATE", "NEXT", "RUNS")
_EXAMPLES = examples(
    "beatd list",
    "beatd list --sort next --due-within 1h",
    "beatd list --errors --schedule postgresql://beatd@db/beatd",
    "beatd list --limit 100 --after nightly",
    "beatd list --json | jq -r 'select(.state != \"ok\") | .name'",
)


@click.command("list", epilog=_EXAMPLES)
@with_settings
@asking
@json_option
def command(settings: Settings, /, *, as_json: bool, **options: Any) -> None:
    """List the entries of the store's set and of tables.

    A state is ok, paused, quarantined, limit_reached or disabled. Tables are those of the databases that are named as
    sources; where none is, the broker's own. Of rows, NEXT, LAST and RUNS are what a scheduler last wrote, seconds ago.
    For people a page has 1000 entries at most, and says how to go on; --json prints all.
    """
    asked = Asked(**options)
    with ExitStack() as stack:
        found = Found(settings, asked, stack)
        if as_json:
            for view in islice(found, asked.limit):
                json_line(plain(view))
        else:
            _print(found, asked)
        for name in found.elsewhere:
            click.echo(f"rows of {name} are not shown: give --schedule with its URL", err=True)
    sys.exit(1 if found.broken else 0)


def _print(found: Found, asked: Asked) -> None:
    most = asked.limit or LONGEST
    views = [*islice(found, most + 1)]
    if not views:
        if found.broken:
            return
        empty = "the set is empty" if found.elsewhere else "the set is empty; `beatd run --schedule FILE` fills it"
        click.echo("no such entry" if asked.narrows else empty)
        return
    if asked.errors:
        table(("NAME", "TASK", "ERROR"), ((view.name, view.task or "-", view.error) for view in views[:most]))
    else:
        table(_COLUMNS, map(_row, views[:most]))
    if len(views) > most:
        click.echo(f"there are more: --after {shlex.quote(views[most - 1].name)}", err=True)


def _row(view: EntryView) -> tuple[object, ...]:
    return (
        view.name,
        beginning(view.schedule or "-"),
        view.timezone or "-",
        view.task or "-",
        view.state,
        short(view.next_fire, view.timezone or "UTC"),
        view.runs,
    )


def plain(view: EntryView) -> dict[str, Any]:
    """Return an entry as JSON shows it."""
    return {
        "name": view.name,
        "task": view.task,
        "schedule": view.schedule,
        "timezone": view.timezone,
        "queue": view.queue,
        "enabled": view.enabled,
        "state": view.state,
        "next_fire": optional_iso(view.next_fire),
        "last_fire": optional_iso(view.last_fire),
        "runs": view.runs,
        "error": view.error,
        "pause": pause_told(view.pause),
        "unfinished": _sent(view.tracking.unfinished),
        "held": _sent(view.tracking.held),
        "failures": view.tracking.failures,
        "source": view.source,
    }


def _sent(message: Sent | None) -> dict[str, Any] | None:
    if message is None:
        return None
    since = optional_iso(message.since)
    return {"message_id": message.id, "fire_time": optional_iso(message.fire_time), "since": since}
