"""``beatd forward``."""

import sys

import click

from beatd.cli.moments import past_moment
from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import clean, json_line, optional_iso, short
from beatd.config.settings import Settings
from beatd.wiring.forward import Upto, forward_owed


@click.command(
    "forward",
    epilog=examples(
        'beatd forward --to now --reason "restored last night\'s backup; what it lacks had run"',
        'beatd forward --to 2026-11-20T06:00Z --reason "too late by now" --entry nightly',
    ),
)
@with_settings
@click.option("--to", "moment", required=True, callback=past_moment, metavar="TIME", help="Up to here, included.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept on record, and shown by `beatd runs`.")
@click.option("-e", "--entry", metavar="NAME", help="Only this entry; then the mark of a store that went back stays.")
@click.option("--dry-run", is_flag=True, help="Only say what would be settled.")
@json_option
def command(settings: Settings, *, moment: int, reason: str, entry: str | None, dry_run: bool, as_json: bool) -> None:
    """Settle what is owed up to a moment, on record, without emitting it.

    All that is due and not yet emitted up to --to ends `forwarded`, with the reason. After a store went back (a
    restored backup, a lagging replica), this lets the schedulers go on: what they do not know to have fired is not
    fired again; `beatd run --catch-up` is the other way. `beatd backfill` emits what should not have been forwarded. A
    TIME is a moment (UTC without a zone), a day, a duration ago, or now.
    """
    if not reason.strip():
        raise click.BadParameter("must not be empty", param_hint="--reason")
    done = forward_owed(settings, Upto(moment=moment, note=reason, name=entry, dry_run=dry_run))
    if as_json:
        told = {"to": optional_iso(moment), "reason": reason, "entries": done.entries, "fires": done.fires}
        json_line({**told, "dry_run": dry_run, "left": done.left, "mark_cleared": done.cleared})
        sys.exit(1 if done.left else 0)
    what = "would be forwarded" if dry_run else "forwarded"
    click.echo(f"{done.fires} fires of {done.entries} entries {what}, up to {short(moment, settings.timezone)}")
    if done.cleared:
        click.echo("the mark of the store that went back is cleared: schedulers fire again")
    for name in done.left:
        click.echo(clean(f"left: {name}: its version cannot be read here, or is not known to the store"))
    sys.exit(1 if done.left else 0)
