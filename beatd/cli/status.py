"""``beatd status``."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any

import click

from beatd import rowports
from beatd.brokerports import WorkerInfo
from beatd.cli.health import Health, Limits, is_live, judge, tables_told, unattended
from beatd.cli.operate.queue import pause_shown, pause_told
from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import json_line, one_line, optional_iso, short, span, table
from beatd.config.settings import Settings
from beatd.ports import SchedulerInfo
from beatd.schedules.moments import to_us


@click.command(
    "status",
    epilog=examples(
        "beatd status",
        'beatd status --check || mail -s "beatd is unwell" ops@example.com < /dev/null',
        "beatd status --json | jq .schedulers[].status",
    ),
)
@with_settings
@click.option(
    "--check",
    is_flag=True,
    help="Exit 1 where a tick is stale, a part unheld, the lag too large, or a queue without a worker.",
)
@json_option
def command(settings: Settings, *, check: bool, as_json: bool) -> None:
    """Show schedulers, leases, lag, queues and workers.

    Who holds what since when, how late fires are (p50, p99 since its start), entries in a batch, requests to the store.
    """
    from beatd.wiring import open_broker, open_state
    from beatd.wiring.drivers import celery_consumes
    from beatd.wiring.entries import list_entries

    with closing(open_state(settings, create=False)) as state:
        schedulers, installation = state.leases.holders(), state.repairs.find()
        now = state.clock.now()
    with closing(open_broker(settings, create=False)) as broker:
        sizes, workers, paused = broker.admin.sizes(), broker.admin.workers(), broker.pauses.paused()
    limits = Limits(late_after=settings.late_after, max_clock_skew=settings.max_clock_skew)
    health = judge(schedulers, list_entries(settings), installation, now=now, limits=limits)
    if not celery_consumes(settings):
        # Celery's workers report themselves nowhere: of their queues nobody can tell that they are left alone.
        health = replace(health, problems=(*health.problems, *unattended(sizes, workers, now=now)))
    if as_json:
        told = {name: pause_told(each) for name, each in paused.items()}
        json_line({**_plain(schedulers, workers, sizes, health), "paused_queues": told})
    else:
        print_status(schedulers, workers, sizes, health, settings.timezone)
        for name, each in paused.items():
            click.echo(f"paused: queue {one_line(name)} {one_line(pause_shown(each, settings))}")
    sys.exit(1 if check and health.problems else 0)


def _plain(
    schedulers: list[SchedulerInfo], workers: list[WorkerInfo], sizes: Mapping[str, Mapping[str, int]], health: Health
) -> dict[str, Any]:
    return {
        "ok": not health.problems,
        "problems": list(health.problems),
        "parts_held": health.parts_held,
        "parts": health.parts,
        "lag_ms": health.lag_ms,
        "late_entries": health.late,
        "waits_until": optional_iso(health.waits_until),
        "entries": dict(health.entries),
        "tables": [dict(each) for each in tables_told(schedulers, health.now)],
        "schedulers": [
            {
                "holder": each.holder,
                "host": each.host,
                "pid": each.pid,
                "started_at": optional_iso(each.started_at),
                "seen_at": optional_iso(each.seen_at),
                "expires_at": optional_iso(each.expires_at),
                "live": each.is_live(health.now),
                "parts": each.parts,
                "revision": each.revision,
                "status": dict(each.status),
            }
            for each in schedulers
        ],
        "queues": sizes,
        "workers": [
            {
                "worker": each.worker,
                "host": each.host,
                "pid": each.pid,
                "started_at": optional_iso(each.started_at),
                "seen_at": optional_iso(each.seen_at),
                "live": is_live(each, health.now),
                "queues": list(each.queues),
                "children": [dict(child) for child in each.children],
            }
            for each in workers
        ],
    }


def print_status(
    schedulers: list[SchedulerInfo],
    workers: list[WorkerInfo],
    sizes: Mapping[str, Mapping[str, int]],
    health: Health,
    timezone: str,
) -> None:
    """Print it for people, moments in this zone."""
    states = ", ".join(f"{count} {state}" for state, count in sorted(health.entries.items()))
    click.echo(f"entries: {'; '.join(filter(None, (states, _rows(schedulers, health.now)))) or 'none'}")
    late = f"; late entries: {health.late}" if health.late else ""
    click.echo(f"lag: {span(health.lag_ms)}{late}; parts held: {health.parts_held} of {health.parts}")
    click.echo()
    columns = (
        *("SCHEDULER", "LIVE", "SINCE", "SEEN", "PARTS", "HELD SINCE", "REVISION"),
        *("FIRES", "LATE P50", "P99", "BATCH", "MOST", "TRIPS", "SKEW"),
    )
    table(
        columns,
        (
            (
                each.holder,
                "yes" if each.is_live(health.now) else "no",
                short(each.started_at, timezone),
                short(each.seen_at, timezone),
                each.parts,
                _held_since(each, timezone),
                each.revision,
                each.status.get("fires", "-"),
                span(_number(each.status.get("lateness_p50_ms"))),
                span(_number(each.status.get("lateness_p99_ms"))),
                each.status.get("batch_mean"),
                each.status.get("batch_max"),
                each.status.get("round_trips"),
                span(_number(each.status.get("clock_skew_ms"))),
            )
            for each in schedulers
        ),
    )
    click.echo()
    _print_tables(schedulers, timezone)
    table(
        ("WORKER", "LIVE", "SINCE", "SEEN", "CHILDREN", "QUEUES"),
        (
            (
                each.worker,
                "yes" if is_live(each, health.now) else "gone",
                short(each.started_at, timezone),
                short(each.seen_at, timezone),
                len(each.children),
                ", ".join(each.queues),
            )
            for each in workers
        ),
    )
    click.echo()
    states_of_queues = ("ready", "delayed", "claimed", "dead")
    table(
        ("QUEUE", *(word.upper() for word in states_of_queues)),
        ((name, *(size.get(word, 0) for word in states_of_queues)) for name, size in sorted(sizes.items())),
    )
    for problem in health.problems:
        click.echo(f"problem: {problem}")


def _print_tables(schedulers: list[SchedulerInfo], timezone: str) -> None:
    """Print how far each scheduler has read the tables that entries are read from, where there are any."""
    read = [(each, told) for each in schedulers for told in rowports.tables_in(each.status)]
    if not read:
        return
    table(
        ("TABLE", "SCHEDULER", "ROWS", "READ", "LAST EDIT", "COMPARED", "QUARANTINED"),
        (
            (
                told.get("name"),
                each.holder,
                told.get("rows"),
                "all" if told.get("loaded") else "going on",
                _moment(told.get("noticed_at"), timezone),
                _moment(told.get("compared_at"), timezone),
                told.get("quarantined"),
            )
            for each, told in read
        ),
    )
    click.echo()


def _rows(schedulers: Sequence[SchedulerInfo], now: int) -> str | None:
    told = [table["rows"] for table in tables_told(schedulers, now)]
    return f"{sum(told)} {'row' if sum(told) == 1 else 'rows'} in tables" if told else None


def _held_since(scheduler: SchedulerInfo, timezone: str) -> str:
    return _moment(scheduler.status.get("holding_since"), timezone)


def _moment(told: object, timezone: str) -> str:
    return short(to_us(datetime.fromisoformat(told)), timezone) if isinstance(told, str) else "-"


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) else None
