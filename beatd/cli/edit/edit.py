"""``beatd edit``."""

import sys
from typing import Any

import click

from beatd.cli.edit.editor import edited
from beatd.cli.edit.fields import assigned
from beatd.cli.edit.target import bad_parameter, holding, say
from beatd.cli.options import examples, json_option, with_settings_of_edits
from beatd.config.settings import Settings
from beatd.core.rows.row import ScheduleRow
from beatd.errors import InvalidEntryError

_EXAMPLES = examples(
    "beatd edit nightly",
    "beatd edit nightly --set schedule='0 4 * * *' --set queue=slow",
    "beatd edit nightly --set enabled=false --set priority=",
)


@click.command("edit", epilog=_EXAMPLES)
@click.argument("name")
@click.option(
    "--set", "given", multiple=True, metavar="FIELD=VALUE", help="Change a field; without VALUE: back to its default."
)
@click.option("--in", "source", metavar="SRC", help="TOML file or URL of a database; not given: where it is.")
@click.option("--expected", metavar="VERSION", help="Only if this is still the `version` that --json told.")
@with_settings_of_edits
@json_option
def command(
    settings: Settings, *, name: str, given: tuple[str, ...], source: str | None, expected: str | None, as_json: bool
) -> None:
    """Change an entry where it is defined.

    Without --set the entry is opened in $EDITOR. args, kwargs, headers and tags are JSON. Where somebody else changed
    the entry meanwhile, nothing is written, and what differs is told.
    """
    changes = assigned(given)
    if not given and not sys.stdin.isatty():
        raise click.UsageError("say what to change: --set FIELD=VALUE; on a terminal $EDITOR is opened without it")
    with holding(settings, source, "--in", name) as (store, found):
        row = _set(store, found, expected, changes) if given else edited(store, found)
        say(row, store, "left as it was:" if row.version == found.version else "changed", as_json=as_json)


def _set(store: Any, found: ScheduleRow, expected: str | None, changes: dict[str, Any]) -> ScheduleRow:
    try:
        row: ScheduleRow = store.update(found.name, expected=expected or found, **changes)
    except InvalidEntryError as error:
        raise bad_parameter(error, f"--set {error.field}") from error
    return row
