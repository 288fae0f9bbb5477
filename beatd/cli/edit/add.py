"""``beatd add``."""

from typing import Any

import click

from beatd.cli.edit.fields import field_options, flag_of, given_fields
from beatd.cli.edit.target import bad_parameter, opened, say, the_target
from beatd.cli.options import examples, json_option, with_settings_of_edits
from beatd.config.settings import Settings
from beatd.errors import InvalidEntryError

_EXAMPLES = examples(
    "beatd add nightly --task shop.backup --schedule '0 3 * * *' --timezone Europe/Berlin",
    "beatd add report --task shop.report --schedule 'every 1h' --arg 7 -k region=north --to schedules/prod.toml",
    "beatd add report --task shop.report --schedule 'every 1h' --to postgresql://beatd@db/beatd",
)


@click.command("add", epilog=_EXAMPLES)
@click.argument("name")
@click.option("-t", "--task", required=True, metavar="NAME", help="The task that its messages name.")
@click.option("-s", "--schedule", multiple=True, required=True, metavar="RULE", help="When it fires; may be repeated.")
@field_options
@click.option("--to", metavar="SRC", help="TOML file, made if it is missing, or the URL of a database.")
@with_settings_of_edits
@json_option
def command(settings: Settings, /, *, name: str, to: str | None, as_json: bool, **options: Any) -> None:
    """Add an entry to a TOML file or a database.

    Without --to it goes to the source that the settings name or, where they name none, to the broker's database. It is
    checked before it is written; a name that is taken is refused. Files keep their comments.
    """
    fields = given_fields(options)
    with opened(settings, the_target(settings, to, "--to"), create=True) as store:
        try:
            row = store.add(name, fields.pop("task"), fields.pop("schedule"), **fields)
        except InvalidEntryError as error:
            raise bad_parameter(error, flag_of(error.field)) from error
        say(row, store, "added", as_json=as_json)
