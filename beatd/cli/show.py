"""``beatd show``."""

from typing import Any

import click
import msgspec

from beatd.cli.list_ import plain
from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import json_line, optional_iso, pairs, short
from beatd.config.settings import Settings
from beatd.schedules.durations import format_duration
from beatd.wiring.entries import EntryView, list_entries

_MOMENTS = ("starts_at", "ends_at")
_DURATIONS = ("expires", "grace", "overlap_timeout", "jitter")


@click.command("show", epilog=examples("beatd show nightly"))
@click.argument("name")
@with_settings
@json_option
def command(settings: Settings, *, name: str, as_json: bool) -> None:
    """Show one entry in full."""
    (view,) = list_entries(settings, name=name)
    if as_json:
        json_line({**_definition(view), **plain(view)})
        return
    values = {key: _written(value) for key, value in _definition(view).items() if value not in (None, [], {})}
    zone = view.timezone or "UTC"
    values |= {
        "name": view.name,
        "state": view.state,
        "next fire": short(view.next_fire, zone),
        "last fire": short(view.last_fire, zone),
        "runs": str(view.runs),
        "source": view.source,
    }
    if view.error:
        values["error"] = view.error
    if view.pause:
        values["paused"] = f"by {view.pause.by} at {short(view.pause.at, zone)}: {view.pause.note or 'no note'}"
    for what, sent in (("unfinished", view.tracking.unfinished), ("held", view.tracking.held)):
        if sent is not None:
            values[what] = f"the fire of {short(sent.fire_time, zone)}, since {short(sent.since, zone)}"
    if view.tracking.failures:
        values["failures"] = f"{view.tracking.failures} in a row; paused at {view.tracking.pause_after}"
    pairs(values)


def _definition(view: EntryView) -> dict[str, Any]:
    entry = view.version.entry if view.version is not None else None
    if entry is None:
        return {"name": view.name}
    found = entry.fields()
    for key in _MOMENTS:
        found[key] = optional_iso(found[key])
    for key in _DURATIONS:
        found[key] = None if found[key] is None else format_duration(found[key])
    return found


def _written(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
