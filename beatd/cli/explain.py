"""``beatd explain``."""

import click

from beatd.cli.lint import rule_notes
from beatd.cli.moments import read_moment
from beatd.cli.options import json_option
from beatd.cli.output import json_line
from beatd.clock import SystemClock
from beatd.schedules import parse
from beatd.schedules.base import Terms
from beatd.schedules.describe import LocalFire, local_fires
from beatd.schedules.moments import iso
from beatd.schedules.zones import zone

_NOTES = {
    None: "",
    "gap": "the moment named does not exist: moved to where the clocks have gone forward",
    "first pass": "this reading of the clock occurs twice; the first time",
    "second pass": "this reading of the clock occurs twice; the second time",
}


@click.command("explain")
@click.argument("text", nargs=-1, required=True)
@click.option("--timezone", default="UTC", show_default=True, metavar="ZONE", help="The entry's time zone.")
@click.option("--after", metavar="TIME", help="Only fires later than this; now if not given.")
@click.option("--count", default=5, show_default=True, type=click.IntRange(1, 100_000), help="How many fires.")
@json_option
def command(text: tuple[str, ...], *, timezone: str, after: str | None, count: int, as_json: bool) -> None:
    """Show when a schedule fires, in its canonical text.

    beatd explain "0 8 * * mon-fri" --timezone Europe/Berlin
    """
    try:
        zone(timezone)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--timezone") from None
    terms = Terms(timezone=timezone)
    schedule = parse(" ".join(text), terms)
    since = SystemClock().now() if after is None else read_moment(after, timezone)
    fires = local_fires(schedule, terms, since, count)
    if as_json:
        json_line({"schedule": str(schedule), "timezone": timezone, "fires": [iso(fire.us) for fire in fires]})
        return
    click.echo(f"{schedule}   in {timezone}")
    for fire in fires:
        click.echo(f"  {_local(fire):<34}  {iso(fire.us):<20}  {_NOTES[fire.note]}".rstrip())
    if len(fires) < count:
        click.echo(f"  {'then' if fires else 'it'} never fires{' again' if fires else f' after {iso(since)}'}")
    for note in rule_notes(str(schedule), timezone, fires[0].us if fires else None):
        click.echo(f"note: {note}")


def _local(fire: LocalFire) -> str:
    fraction = f".{fire.local.microsecond // 1000:03d}" if fire.local.microsecond else ""
    return f"{fire.local:%a %Y-%m-%d %H:%M:%S}{fraction} {fire.local:%Z}"
