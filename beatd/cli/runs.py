"""``beatd runs``."""

import re
from contextlib import closing
from typing import Any

import click

from beatd.cli.moments import recent_moment, require_order
from beatd.cli.options import examples, json_option, with_settings_but_state
from beatd.cli.output import json_line, optional_iso, short, span, table
from beatd.config.settings import Settings
from beatd.core.document import nearest
from beatd.core.record import Reason
from beatd.ports import Run

_CURSOR = re.compile(r"-?\d{9,18}-\S{1,200}")
_STATES = ("emitted", "held", "started", "success", "failure", "retry", "dead", "revoked", *Reason)


def _known_state(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and value not in _STATES:
        hint = nearest(value, _STATES) or ""
        raise click.BadParameter(f"{value!r} is no state; {hint}{' ' if hint else ''}The states: {', '.join(_STATES)}")
    return value


def _moment(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    return None if value is None else recent_moment(value, context, parameter)


def _cursor(context: click.Context, parameter: click.Parameter, value: str | None) -> str | int | None:
    if value is None or _CURSOR.fullmatch(value):
        return value
    return recent_moment(value, context, parameter)


@click.command(
    "runs",
    epilog=examples(
        "beatd runs --entry nightly --state failure --since 7d",
        "beatd runs --id 6c013e3c-c2c8-5ecb-a53e-02850db3d691 --json",
        "beatd runs --limit 1000 --before 1798135200000000-123 --json",
    ),
)
@with_settings_but_state
@click.option("-e", "--entry", metavar="NAME", help="Only this entry.")
@click.option("-t", "--task", metavar="NAME", help="Only messages of this task.")
@click.option(
    "--state", "--only", "only", callback=_known_state, metavar="STATE", help="Only this, such as failure or missed."
)
@click.option("--since", callback=_moment, metavar="TIME", help="Only fires from this moment on.")
@click.option("--until", callback=_moment, metavar="TIME", help="Only fires before this moment.")
@click.option("--id", "message_id", metavar="ID", help="Only the fire that this message carries.")
@click.option("-n", "--limit", "--count", "limit", default=50, show_default=True, type=click.IntRange(1, 1_000_000))
@click.option("--before", callback=_cursor, metavar="CURSOR", help="Only what is older than this run; or than a TIME.")
@json_option
def command(  # noqa: PLR0913  one parameter per option
    settings: Settings,
    *,
    entry: str | None,
    task: str | None,
    only: str | None,
    since: int | None,
    until: int | None,
    message_id: str | None,
    limit: int,
    before: str | int | None,
    as_json: bool,
) -> None:
    """Show what happened: fires, their tasks, and what was not emitted.

    A state is emitted, held, started, success, failure, retry, dead or revoked; or the reason why a range of fires was
    not emitted: paused, missed, coalesced, expired, overlap_skipped, limit_reached, quarantined, refused, forwarded,
    backfilled, unknown. Newest first; --before with the `cursor` of a page's last line gives the next page. A TIME is a
    moment (UTC without a zone), a day, a duration ago, or now.
    """
    if since is not None and until is not None:
        require_order(since, until, ("--since", "--until"))
    if isinstance(before, int):
        until, before = before if until is None else min(before, until), None
    narrowed = any(value is not None for value in (entry, task, only, since, until, message_id, before))
    from beatd.wiring import open_state
    from beatd.wiring.entries import list_entries
    from beatd.wiring.lines import open_lines

    with closing(open_state(settings, create=False)) as state, open_lines(settings, state) as lines:
        runs = state.history.runs(
            entry=entry,
            task=task,
            state=only,
            since=since,
            until=until,
            message_id=message_id,
            limit=limit,
            before=before,
        )
        runs = lines.explained(runs)
        unknown = entry is not None and not runs and not state.history.runs(entry=entry, limit=1)
    if unknown:
        list_entries(settings, name=entry)  # raises, with the nearest name, where there is no such entry
    if as_json:
        for run in runs:
            json_line(_plain(run))
        return
    if not runs:
        click.echo("no such runs" if narrowed else "nothing has happened yet")
        if settings.history != "all":
            click.echo(f"with `history = {settings.history!r}` fires that were emitted are not on record")
        return
    columns = ("ENTRY", "FIRE TIME", "STATE", "LATE", "TOOK", "REASON")
    table(columns, (_row(run, settings.timezone) for run in runs))
    if len(runs) == limit:
        click.echo(f"older ones: --before {runs[-1].cursor}")


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
        "cursor": run.cursor,
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
    span_of_it = number if run.last == run.fire_time else f"{number}, until {short(run.last, timezone)}"
    return f"{span_of_it}: {run.reason}" if run.reason else span_of_it


def _lateness(run: Run) -> float | None:
    return None if run.emitted_at is None else (run.emitted_at - run.fire_time) / 1000


def _runtime(run: Run) -> float | None:
    return None if run.finished_at is None or run.started_at is None else (run.finished_at - run.started_at) / 1000
