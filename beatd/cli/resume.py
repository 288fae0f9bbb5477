"""``beatd resume``."""

import click

from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import json_line
from beatd.config.settings import Settings
from beatd.wiring.entries import resume_entry


@click.command("resume", epilog=examples("beatd resume nightly"))
@click.argument("name")
@with_settings
@json_option
def command(settings: Settings, *, name: str, as_json: bool) -> None:
    """End an entry's pause.

    What it missed meanwhile is on record as paused and is not caught up.
    """
    resume_entry(settings, name)
    if as_json:
        json_line({"name": name, "state": "resumed"})
    else:
        click.echo(f"resumed {name}")
