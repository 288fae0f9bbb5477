"""``beatd pause``."""

import getpass

import click

from beatd.cli.options import json_option, with_settings
from beatd.cli.output import json_line
from beatd.config.settings import Settings
from beatd.wiring.entries import pause_entry


@click.command("pause")
@click.argument("name")
@with_settings
@click.option("--note", default="", metavar="TEXT", help="Why; shown by `beatd show`.")
@json_option
def command(settings: Settings, *, name: str, note: str, as_json: bool) -> None:
    """Pause an entry: its fires end paused until it is resumed.

    Nothing of it is caught up afterwards.
    """
    by = _user()
    pause_entry(settings, name, by=by, note=note)
    if as_json:
        json_line({"name": name, "state": "paused", "by": by, "note": note})
    else:
        click.echo(f"paused {name}; `beatd resume {name}` ends it")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id without a name
        return "unknown"
