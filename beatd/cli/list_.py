"""``beatd list``."""

from typing import Any

import click

from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import json_line, optional_iso, short, table
from beatd.config.settings import Settings
from beatd.core.record import Sent
from beatd.wiring.entries import EntryView, list_entries


@click.command("list", epilog=examples("beatd list", "beatd list --json | jq -r 'select(.state != \"ok\") | .name'"))
@with_settings
@json_option
def command(settings: Settings, *, as_json: bool) -> None:
    """List the entries of the store's set.

    A state is ok, paused, quarantined, limit_reached or disabled.
    """
    views = list_entries(settings)
    if as_json:
        for view in views:
            json_line(plain(view))
        return
    if not views:
        click.echo("the set is empty; `beatd run --schedule FILE` fills it")
        return
    columns = ("NAME", "SCHEDULE", "ZONE", "TASK", "STATE", "NEXT", "RUNS")
    table(
        columns,
        (
            (
                view.name,
                view.schedule or "-",
                view.timezone or "-",
                view.task or "-",
                view.state,
                short(view.next_fire, view.timezone or "UTC"),
                view.runs,
            )
            for view in views
        ),
    )


def plain(view: EntryView) -> dict[str, Any]:
    """Return an entry as JSON shows it."""
    pause = view.pause
    return {
        "name": view.name,
        "task": view.task,
        "schedule": view.schedule,
        "timezone": view.timezone,
        "queue": view.queue,
        "enabled": view.enabled,
        "state": view.state,
        "next_fire": optional_iso(view.next_fire),
        "last_fire": optional_iso(view.last_fire),
        "runs": view.runs,
        "error": view.error,
        "pause": None if pause is None else {"by": pause.by, "at": optional_iso(pause.at), "note": pause.note},
        "unfinished": _sent(view.tracking.unfinished),
        "held": _sent(view.tracking.held),
        "failures": view.tracking.failures,
        "source": view.source,
    }


def _sent(message: Sent | None) -> dict[str, Any] | None:
    if message is None:
        return None
    since = optional_iso(message.since)
    return {"message_id": message.id, "fire_time": optional_iso(message.fire_time), "since": since}
