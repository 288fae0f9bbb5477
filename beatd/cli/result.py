"""``beatd result``."""

from contextlib import closing

import click

from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.outcome import show
from beatd.config.settings import Settings
from beatd.errors import StoreError


@click.command("result", epilog=examples("beatd result 6c013e3c-c2c8-5ecb-a53e-02850db3d691"))
@click.argument("message_id", metavar="ID")
@with_settings
@json_option
def command(settings: Settings, *, message_id: str, as_json: bool) -> None:
    """Show what became of a task message."""
    from beatd.wiring import open_broker

    with closing(open_broker(settings, create=False)) as broker:
        stored = broker.outcomes.get(message_id)
    if stored is None:
        raise StoreError(f"nothing is known of {message_id!r}; `beatd runs --json` shows the ids of late")
    show(stored, settings.timezone, as_json=as_json)
