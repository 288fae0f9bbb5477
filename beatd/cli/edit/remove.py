"""``beatd remove``."""

import click

from beatd.cli.edit.target import holding, say
from beatd.cli.options import examples, json_option, with_settings_of_edits
from beatd.config.settings import Settings


@click.command("remove", epilog=examples("beatd remove nightly", "beatd remove nightly --from schedules/prod.toml"))
@click.argument("name")
@click.option("--from", "source", metavar="SRC", help="TOML file or URL of a database; not given: where it is.")
@click.option(
    "--expected", metavar="VERSION", help="Only if this is still the `version` that `beatd edit --json` told."
)
@with_settings_of_edits
@json_option
def command(settings: Settings, *, name: str, source: str | None, expected: str | None, as_json: bool) -> None:
    """Remove an entry where it is defined.

    A scheduler settles what it still owed, and fires it no more. With --json the row that it was is printed.
    """
    with holding(settings, source, "--from", name) as (store, found):
        row = store.remove(name, expected=expected or found)
        say(row, store, "removed", as_json=as_json)
