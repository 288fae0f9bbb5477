"""``beatd export``."""

import sys
from typing import Any

import click

from beatd.cli.edit.target import opened, the_target
from beatd.cli.options import examples, json_option, with_settings_of_edits
from beatd.cli.output import json_line
from beatd.config.settings import Settings
from beatd.errors import InvalidEntryError
from beatd.stores.edits.toml_text import calendar_text, table_text

_EXAMPLES = examples(
    "beatd export > schedules.toml",
    "beatd export nightly report --from postgresql://beatd@db/beatd",
    "beatd export --from sqlite:///beatd.db --json | jq .name",
)


@click.command("export", epilog=_EXAMPLES)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--from", "source", metavar="SRC", help="TOML file, folder, or URL of a database.")
@with_settings_of_edits
@json_option
def command(settings: Settings, *, names: tuple[str, ...], source: str | None, as_json: bool) -> None:
    """Print entries as TOML that can be imported again.

    All of them by name, or those named; with the calendars that they may exclude. What a file's [defaults] say stands
    in each entry. An entry that TOML cannot hold (null in its arguments) is told, the others are printed; exit 1 then.
    """
    left_out = 0
    with opened(settings, the_target(settings, source, "--from"), create=False) as store:
        if not as_json:
            for name, document in store.calendars().items():
                click.echo(calendar_text(name, document))
        for fields in store.export(*names):
            left_out += not _print(fields, as_json=as_json)
    sys.exit(1 if left_out else 0)


def _print(fields: dict[str, Any], *, as_json: bool) -> bool:
    if as_json:
        json_line(fields)
        return True
    name = fields.pop("name")
    try:
        click.echo(table_text(name, fields))
    except InvalidEntryError as error:
        click.echo(f"error: left out: {error}", err=True)
        return False
    return True
