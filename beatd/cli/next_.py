"""``beatd next``."""

from collections.abc import Iterator
from heapq import merge
from itertools import islice

import click

from beatd.cli.ics import calendar
from beatd.cli.listing.upcoming import entries_of_tables
from beatd.cli.moments import utc_moment
from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import json_line, short, table
from beatd.cli.sources import entries_named, read_entries
from beatd.clock import SystemClock
from beatd.config.settings import Settings
from beatd.core.entry import Entry
from beatd.core.fields import compile_entry
from beatd.schedules.moments import iso

Fire = tuple[int, str, Entry]


@click.command("next", epilog=examples("beatd next --count 20", "beatd next --count 200 --ics > fires.ics"))
@with_settings
@click.option(
    "-n",
    "--count",
    default=10,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="How many fires; with --ics: of each entry.",
)
@click.option("--entry", "names", metavar="NAME", multiple=True, help="Only this entry; may be repeated.")
@click.option("--after", callback=utc_moment, metavar="TIME", help="Only fires later than this; now if not given.")
@click.option("--ics", is_flag=True, help="A calendar file, for calendar programs: `beatd next --ics > fires.ics`.")
@json_option
def command(
    settings: Settings, *, names: tuple[str, ...], count: int, after: int | None, ics: bool, as_json: bool
) -> None:
    """Show what fires next, over all entries of the sources.

    Sources are the files and application modules; where neither is given, what the store's set holds. Of a table with
    more than 10000 rows those are looked at that a scheduler last told to fire next; rows that none has read yet are
    left out, and --after and --ics want entries by name.
    """
    if ics and as_json:
        raise click.UsageError("give --ics or --json, not both")
    now = SystemClock().now()
    since = now if after is None else after
    soon = not ics and since <= now
    entries = entries_named(settings, names) if names else _all(settings, since, count if soon else None)
    if ics:
        # Of each entry, for one that fires every minute would leave no room for the others.
        each = merge(*(islice(_fires(entry, since), count) for entry in entries))
        text = calendar(((fire, entry) for fire, _, entry in each), settings.namespace, now)
        # As bytes: lines end in CR LF, and text streams would add to that on some systems.
        click.echo(text.encode(errors="replace"), nl=False)
        return
    fires = list(islice(merge(*(_fires(entry, since) for entry in entries)), count))
    if as_json:
        for fire, name, entry in fires:
            json_line({"entry": name, "fire_time": iso(fire), "task": entry.task, "timezone": entry.timezone})
        return
    if not fires:
        click.echo("nothing fires any more" if entries else "no entry is defined")
        return
    columns = ("FIRE TIME", "UTC", "ENTRY", "TASK")
    table(columns, ((short(fire, entry.timezone), iso(fire), name, entry.task) for fire, name, entry in fires))


def _all(settings: Settings, since: int, count: int | None) -> list[Entry]:
    """Return the entries of the sources, of each name the first."""
    found = read_entries(settings)
    taken = {entry.name for entry in found}
    return found + [entry for entry in entries_of_tables(settings, since, count) if entry.name not in taken]


def _fires(entry: Entry, since: int) -> Iterator[Fire]:
    # Names are unique, so that two fires of one moment are in order without comparing entries.
    schedule = compile_entry(entry)
    fire = schedule.next_us(since)
    while fire is not None:
        yield fire, entry.name, entry
        fire = schedule.next_us(fire)
