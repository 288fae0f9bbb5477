"""``beatd runs``."""

from contextlib import closing
from typing import Any

import click

from beatd.cli.moments import utc_moment
from beatd.cli.options import json_option, with_settings
from beatd.cli.output import json_line, optional_iso, short, span, table
from beatd.config.settings import Settings
from beatd.core.document import nearest
from beatd.core.record import Reason
from beatd.ports import Run

_STATES = ("emitted", "held", "started", "success", "failure", "retry", "dead", "revoked", *Reason)


def _known_state(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and value not in _STATES:
        hint = nearest(value, _STATES) or ""
        raise click.BadParameter(f"{value!r} is no state; {hint}{' ' if hint else ''}The states: {', '.join(_STATES)}")
    return value


@click.command("runs")
@with_settings
@click.option("-e", "--entry", metavar="NAME", help="Only this entry.")
@click.option("--only", callback=_known_state, metavar="STATE", help="Only this state, such as failure or missed.")
@click.option("-n", "--count", default=50, show_default=True, type=click.IntRange(1), help="How many, newest first.")
@click.option("--before", callback=utc_moment, metavar="TIME", help="Only fires before this moment.")
@json_option
def command(
    settings: Settings, *, entry: str | None, only: str | None, count: int, before: int | None, as_json: bool
) -> None:
    """Show what happened: fires, their tasks, and what was not emitted.

    A state is emitted, held, started, success, failure, retry, dead or revoked; or the reason why a range of fires was
    not emitted: paused, missed, coalesced, expired, overlap_skipped, limit_reached, quarantined, refused, unknown.
    """
    from beatd.wiring import open_state
    from beatd.wiring.entries import list_entries

    with closing(open_state(settings, create=False)) as state:
        runs = state.history.runs(entry=entry, state=only, limit=count, before=before)
        unknown = entry is not None and not runs and not state.history.runs(entry=entry, limit=1)
    if unknown:
        list_entries(settings, name=entry)  # raises, with the nearest name, where the set has no such entry
    if as_json:
        for run in runs:
            json_line(_plain(run))
        return
    if not runs:
        click.echo("nothing has happened yet" if entry is None and only is None else "no such runs")
        return
    columns = ("ENTRY", "FIRE TIME", "STATE", "LATE", "TOOK", "REASON")
    table(columns, (_row(run, settings.timezone) for run in runs))


def _plain(run: Run) -> dict[str, Any]:
    return {
        "entry": run.entry,
        "fire_time": optional_iso(run.fire_time),
        "message_id": run.message_id,
        "task": run.task,
        "state": run.state,
        "emitted_at": optional_iso(run.emitted_at),
        "started_at": optional_iso(run.started_at),
        "finished_at": optional_iso(run.finished_at),
        "lateness_ms": _lateness(run),
        "runtime_ms": _runtime(run),
        "reason": run.reason,
        "last": optional_iso(run.last),
        "count": run.count,
    }


def _row(run: Run, timezone: str) -> tuple[object, ...]:
    reason = run.reason or ""
    if run.message_id is None:
        reason = _range(run, timezone)
    return run.entry, short(run.fire_time, timezone), run.state, span(_lateness(run)), span(_runtime(run)), reason


def _range(run: Run, timezone: str) -> str:
    number = "unknown number" if run.count is None else f"{run.count} fire{'' if run.count == 1 else 's'}"
    if run.last is None:
        return "from here on, still open"
    return number if run.last == run.fire_time else f"{number}, until {short(run.last, timezone)}"


def _lateness(run: Run) -> float | None:
    return None if run.emitted_at is None else (run.emitted_at - run.fire_time) / 1000


def _runtime(run: Run) -> float | None:
    return None if run.finished_at is None or run.started_at is None else (run.finished_at - run.started_at) / 1000
