"""``beatd trigger``."""

import click

from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import json_line
from beatd.config.settings import Settings
from beatd.wiring.entries import trigger_entry


@click.command("trigger", epilog=examples("beatd trigger nightly"))
@click.argument("name")
@with_settings
@json_option
def command(settings: Settings, *, name: str, as_json: bool) -> None:
    """Send an entry's task now, beside its schedule.

    No scheduled fire is consumed or shifted by it.
    """
    message_id = trigger_entry(settings, name)
    if as_json:
        json_line({"name": name, "message_id": message_id})
    else:
        click.echo(f"sent {message_id}; `beatd result {message_id}` tells what became of it")
