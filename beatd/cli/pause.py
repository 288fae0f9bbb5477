"""``beatd pause``."""

import click

from beatd.cli.operate.user import user
from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import json_line
from beatd.config.settings import Settings
from beatd.wiring.entries import list_entries, pause_entry


@click.command("pause", epilog=examples('beatd pause nightly --note "the tape is full"'))
@click.argument("name")
@with_settings
@click.option("--note", metavar="TEXT", help="Why; shown by `beatd show`. The former note stays where none is given.")
@json_option
def command(settings: Settings, *, name: str, note: str | None, as_json: bool) -> None:
    """Pause an entry: its fires end paused until it is resumed.

    Nothing of it is caught up afterwards.
    """
    by = user()
    if note is None:
        former = list_entries(settings, name=name)[0].pause
        note = "" if former is None else former.note
    pause_entry(settings, name, by=by, note=note)
    if as_json:
        json_line({"name": name, "state": "paused", "by": by, "note": note})
    else:
        click.echo(f"paused {name}; `beatd resume {name}` ends it")
