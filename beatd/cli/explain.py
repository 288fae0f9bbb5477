"""``beatd explain``."""

from collections.abc import Iterator
from typing import Any

import click

from beatd.cli.lint import rule_notes
from beatd.cli.moments import midnight, read_moment
from beatd.cli.options import examples, json_option, setting_options
from beatd.cli.output import clean, json_line, optional_iso, short
from beatd.cli.subject import entry_named, entry_of, is_named, subject_of, told
from beatd.clock import SystemClock
from beatd.core.compiling import schedule_of
from beatd.core.entry import Entry
from beatd.errors import InvalidScheduleError
from beatd.schedules import parse
from beatd.schedules.describe import LocalFire, local_fires
from beatd.schedules.english import Ending, Subject, ending
from beatd.schedules.moments import iso
from beatd.schedules.why_not import Verdict, read_asked, why_not

_NOTES = {
    None: "",
    "gap": "the moment named does not exist: moved to where the clocks have gone forward",
    "first pass": "this reading of the clock occurs twice; the first time",
    "second pass": "this reading of the clock occurs twice; the second time",
}
_NONE = {
    Ending.NEVER: "it never fires after {moment}",
    Ending.FAR: "it does not fire within 40 years after {moment}",
    Ending.GIVEN_UP: "no fire was found after {moment}: the search gave up, so many in a row are taken away",
}
_NO_MORE = {
    Ending.NEVER: "then it never fires again",
    Ending.FAR: "then it does not fire again within 40 years",
    Ending.GIVEN_UP: "then no fire was found: the search gave up, so many in a row are taken away",
}
_OF_ENTRIES = ("name", "timezone", "exclude", "business_days", "gap", "fold", "starts_at", "ends_at")


_EXAMPLES = examples(
    "beatd explain '0 8 * * mon-fri' --timezone Europe/Berlin",
    "beatd explain --entry nightly --why-not 2026-12-24T02:00",
)


@click.command("explain", epilog=_EXAMPLES)
@click.argument("text", nargs=-1)
@click.option("--entry", "entry_name", metavar="NAME", help="Explain an entry of the sources, in place of TEXT.")
@click.option("--timezone", metavar="ZONE", help="The entry's time zone; UTC if not given.")
@click.option("--after", metavar="TIME", help="Only fires later than this; now if not given.")
@click.option("--count", default=5, show_default=True, type=click.IntRange(1, 100_000), help="How many fires.")
@click.option("--why-not", "moment", metavar="TIME", help="Say whether it fires at this moment, and what decides.")
@click.option("--exclude", metavar="RULE", multiple=True, help="What the entry leaves out; may be repeated.")
@click.option(
    "--business-days",
    type=click.Choice(["next", "previous", "skip"]),
    help="Where fires of a closed day go.",
)
@click.option("--gap", type=click.Choice(["shift", "skip"]), help="What moments do that the clocks skip.")
@click.option("--fold", type=click.Choice(["first", "second", "both"]), help="When moments fire that come twice.")
@click.option("--name", metavar="NAME", help="The entry's name, from which H draws.")
@click.option("--starts-at", metavar="TIME", help="The entry's first moment; intervals count from it.")
@click.option("--ends-at", metavar="TIME", help="The end, itself excluded.")
@setting_options
@json_option
def command(
    text: tuple[str, ...],
    *,
    entry_name: str | None,
    after: str | None,
    count: int,
    moment: str | None,
    as_json: bool,
    **fields: Any,
) -> None:
    """Show when a schedule fires, in its canonical text.

    TIME is in the schedule's zone where it has none of its own; calendars are those of the sources.

    beatd explain "0 8 * * mon-fri" --timezone Europe/Berlin
    """
    entry = _entry(" ".join(text), entry_name, fields)
    since = SystemClock().now() if after is None else read_moment(after, entry.timezone)
    subject = subject_of(entry)
    fires = local_fires(schedule_of(entry), subject.terms, since, count)
    verdicts = _verdicts(entry, moment)
    if as_json:
        _json(entry, fires, verdicts)
        return
    click.echo(f"{subject.text}   in {entry.timezone}")
    click.echo(f"{clean(told(subject))}.")
    for fire in fires:
        click.echo(f"  {_local(fire):<34}  {iso(fire.us):<20}  {_NOTES[fire.note]}".rstrip())
    if len(fires) < count:
        click.echo(f"  {_end(subject, fires, since)}")
    for note in _notes(entry, fires[0].us if fires else None):
        click.echo(f"note: {clean(note)}")
    for verdict in verdicts:
        _say(verdict, entry.timezone)


def _entry(text: str, name: str | None, fields: dict[str, Any]) -> Entry:
    """Return what is to be explained. Raises click.UsageError, InvalidScheduleError."""
    if name is None and not text:
        raise click.UsageError("Missing argument 'TEXT...': give a schedule, or --entry NAME")
    if name is None:
        return entry_of(text, fields)
    wrong = next((key for key in _OF_ENTRIES if fields[key] not in (None, ())), "TEXT" if text else None)
    if wrong is not None:
        option = wrong if wrong == "TEXT" else f"--{wrong.replace('_', '-')}"
        raise click.UsageError(f"{option} does not go with --entry: the entry has its own")
    return entry_named(name)


def _verdicts(entry: Entry, moment: str | None) -> list[Verdict]:
    if moment is None:
        return []
    try:
        asked = read_asked(midnight(moment), entry.timezone)
    except InvalidScheduleError as error:
        reason = f"{moment!r} is no moment: {error.reason}" + (f"; {error.hint}" if error.hint else "")
        raise click.BadParameter(reason, param_hint="--why-not") from None
    return [why_not(subject_of(entry), schedule_of(entry), each) for each in asked]


def _end(subject: Subject, fires: list[LocalFire], since: int) -> str:
    """Return what is known of the time after the last fire that was found."""
    found = ending(subject, fires[-1].us if fires else since)
    if not fires:
        return _NONE[found].format(moment=iso(since))
    return _NO_MORE[found]


def _notes(entry: Entry, fire: int | None) -> Iterator[str]:
    yield from rule_notes(entry.schedule, entry.timezone, fire if entry.starts_at is None else None)
    if not is_named(entry) and "name" in parse(entry.schedule).terms_used:
        yield "H draws from the entry's name; --name NAME shows what it draws"
    if not entry.enabled:
        yield "the entry has enabled = false, so it does not fire"


def _json(entry: Entry, fires: list[LocalFire], verdicts: list[Verdict]) -> None:
    value = {"schedule": entry.schedule, "timezone": entry.timezone, "fires": [iso(fire.us) for fire in fires]}
    json_line({**value, "why_not": [_plain(verdict) for verdict in verdicts]} if verdicts else value)


def _plain(verdict: Verdict) -> dict[str, Any]:
    return {
        "moment": optional_iso(verdict.us),
        "local": verdict.local.isoformat(),
        "fires": verdict.fires,
        "reasons": [reason._asdict() for reason in verdict.reasons],
        "before": optional_iso(verdict.before),
        "after": optional_iso(verdict.after),
    }


def _say(verdict: Verdict, timezone: str) -> None:
    shown = short(verdict.us, timezone) if verdict.us is not None else f"{verdict.local:%Y-%m-%d %H:%M:%S}"
    click.echo(f"{'it fires' if verdict.fires else 'it does not fire'} at {shown}")
    for reason in verdict.reasons:
        rule = f"{reason.rule!r}: " if reason.rule else ""
        click.echo(f"  {reason.part}: {clean(rule + reason.reason)}")
    if not verdict.fires:
        near = (("before", verdict.before), ("after", verdict.after))
        sides = [f"{short(us, timezone)} ({word})" for word, us in near if us is not None]
        click.echo(f"  nearest: {', '.join(sides) or 'it never fires'}")


def _local(fire: LocalFire) -> str:
    fraction = f".{fire.local.microsecond // 1000:03d}" if fire.local.microsecond else ""
    return f"{fire.local:%a %Y-%m-%d %H:%M:%S}{fraction} {fire.local:%Z}"
