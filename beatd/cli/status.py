"""``beatd status``."""

import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any

import click

from beatd.cli.health import Health, Limits, is_live, judge, unattended
from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import json_line, optional_iso, short, span, table
from beatd.config.settings import Settings
from beatd.ports import SchedulerInfo, WorkerInfo
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
        sizes, workers = broker.admin.sizes(), broker.admin.workers()
    limits = Limits(late_after=settings.late_after, max_clock_skew=settings.max_clock_skew)
    health = judge(schedulers, list_entries(settings), installation, now=now, limits=limits)
    if not celery_consumes(settings):
        # Celery's workers report themselves nowhere: of their queues nobody can tell that they are left alone.
        health = replace(health, problems=(*health.problems, *unattended(sizes, workers, now=now)))
    if as_json:
        json_line(_plain(schedulers, workers, sizes, health))
    else:
        _print(schedulers, workers, sizes, health, settings.timezone)
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
        "schedulers": [
            {
                "holder": each.holder,
                "host": each.host,
                "pid": each.pid,
                "started_at": optional_iso(each.started_at),
                "seen_at": optional_iso(each.seen_at),
                "expires_at": optional_iso(each.expires_at),
                "live": each.expires_at > health.now,
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


def _print(
    schedulers: list[SchedulerInfo],
    workers: list[WorkerInfo],
    sizes: Mapping[str, Mapping[str, int]],
    health: Health,
    timezone: str,
) -> None:
    states = ", ".join(f"{count} {state}" for state, count in sorted(health.entries.items())) or "none"
    click.echo(f"entries: {states}")
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
                "yes" if each.expires_at > health.now else "no",
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


def _held_since(scheduler: SchedulerInfo, timezone: str) -> str:
    since = scheduler.status.get("holding_since")
    return short(to_us(datetime.fromisoformat(since)), timezone) if isinstance(since, str) else "-"


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) else None
