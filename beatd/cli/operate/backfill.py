"""``beatd backfill``."""

import sys
from typing import Any

import click

from beatd.cli.moments import past_moment, require_fixed, require_order
from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import json_line, optional_iso, short
from beatd.config.settings import Settings
from beatd.wiring.backfill import Backfilled, Wanted, backfill

EACH = 1000


@click.command(
    "backfill",
    epilog=examples(
        "beatd backfill nightly --from 2026-11-01 --to 2026-11-08 --dry-run",
        "beatd backfill nightly --from 7d",
        "beatd backfill nightly --from 2026-11-03T02:00Z --to 2026-11-03T03:00Z --again",
    ),
)
@click.argument("name")
@with_settings
@click.option("--from", "first", required=True, callback=past_moment, metavar="TIME", help="From here, included.")
@click.option("--to", "until", default="now", callback=past_moment, metavar="TIME", help="To here, excluded; now.")
@click.option("--again", is_flag=True, help="Emit every fire, also those that were emitted, under ids of their own.")
@click.option("--dry-run", is_flag=True, help="Only say what would be emitted.")
@click.option("-n", "--limit", type=click.IntRange(1), metavar="N", help="At most so many now; the next run goes on.")
@click.option("--rate", default=1000, show_default=True, type=click.IntRange(1), metavar="N", help="Messages a second.")
@json_option
def command(  # noqa: PLR0913  one parameter per option
    settings: Settings,
    *,
    name: str,
    first: int,
    until: int,
    again: bool,
    dry_run: bool,
    limit: int | None,
    rate: int,
    as_json: bool,
) -> None:
    """Emit fires that were not emitted, beside the schedule.

    Those of --from <= fire time < --to that are on record as missed, coalesced, paused, forwarded or the like
    become messages with the arguments of their time, and the record says so. Nothing is emitted twice: it may be
    killed and run again. More than a million messages want a --limit. It counts for no max_runs and no overlap, and
    `expires` does not hold for it. A TIME is a moment (UTC without a zone), a day, a duration ago, or now.
    """
    require_order(first, until, ("--from", "--to"))
    if again:
        require_fixed(click.get_current_context(), "so that --again, run once more, goes on with the same backfill")
    wanted = Wanted(name=name, first=first, until=until, again=again, limit=limit, rate=rate, dry_run=dry_run)
    done = backfill(settings, wanted, _progress(settings, as_json=as_json))
    if as_json:
        json_line(_plain(done, wanted))
    else:
        _print(done, wanted, settings.timezone)
    sys.exit(0)


def _progress(settings: Settings, *, as_json: bool) -> Any:
    told = 0

    def tell(emitted: int, reached: int) -> None:
        nonlocal told
        if not as_json and emitted - told >= EACH:
            told = emitted
            click.echo(f"{emitted} emitted, up to {short(reached, settings.timezone)}", err=True)

    return tell


def _plain(done: Backfilled, wanted: Wanted) -> dict[str, Any]:
    return {
        "name": wanted.name,
        "from": optional_iso(wanted.first),
        "to": optional_iso(done.until),
        "dry_run": wanted.dry_run,
        "backfill": done.errand,
        "emitted": done.emitted,
        "finished": done.finished,
        "left": [
            {
                "reason": each.reason,
                "first": optional_iso(each.first),
                "last": optional_iso(each.last),
                "count": each.count,
            }
            for each in done.left
        ],
    }


def _print(done: Backfilled, wanted: Wanted, timezone: str) -> None:
    if done.until < wanted.until:
        click.echo(f"cut at {short(done.until, timezone)}: what is later is not settled yet")
    if done.resumed:
        click.echo(f"went on with backfill {done.errand}, which had not come to its end")
    what = "message" if done.emitted == 1 else "messages"
    click.echo(f"{done.emitted} {what} {'would be emitted' if wanted.dry_run else 'emitted'}")
    for each in done.left:
        number = "an unknown number of fires" if each.count is None else f"{each.count} fires"
        last = "" if each.last in {None, each.first} else f" to {short(each.last, timezone)}"
        click.echo(f"left: {number} from {short(each.first, timezone)}{last}: {each.reason}")
    if done.left and not wanted.again:
        click.echo("--again emits all that the versions on record name, under ids of their own")
    if not done.finished:
        click.echo("the same command goes on from here")
