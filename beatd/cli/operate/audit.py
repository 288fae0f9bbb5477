"""``beatd audit``."""

import sys
from collections import Counter
from typing import Any

import click

from beatd.cli.moments import past_moment, require_order
from beatd.cli.options import examples, json_option, with_settings
from beatd.cli.output import clean, json_line, optional_iso, short
from beatd.config.settings import Settings
from beatd.core.audit import Finding
from beatd.schedules.moments import iso
from beatd.wiring.audit import Asked, Audit, audit


@click.command(
    "audit",
    epilog=examples(
        "beatd audit --since 24h", "beatd audit --since 2026-11-01 --until 2026-11-08 --entry nightly --json"
    ),
)
@with_settings
@click.option("--since", required=True, callback=past_moment, metavar="TIME", help="From here, included.")
@click.option("--until", default="now", callback=past_moment, metavar="TIME", help="To here, excluded; now.")
@click.option("-e", "--entry", metavar="NAME", help="Only this entry.")
@json_option
def command(settings: Settings, *, since: int, until: int, entry: str | None, as_json: bool) -> None:
    """Recompute what should have fired, and compare it with what is on record.

    From the versions of each entry and the times at which they ruled: emitted, not emitted by reason, missing, extra.
    Exit 1 where a fire is missing or extra. A TIME is a moment (UTC without a zone), a day, a duration ago, or now.
    --json: one object for each entry.

    It cannot know what is older than the history kept, nor judge the fires of a version that is not known any more;
    it says so. Where `history` is not `all`, emitted is what was named and is not on record as not emitted.
    """
    require_order(since, until, ("--since", "--until"))
    found = audit(settings, Asked(since=since, until=until, name=entry))
    if not as_json and found.since > since:
        click.echo(f"the history is whole only since {short(found.since, settings.timezone)}: audited from there")
    wrong = _tell(found, settings.timezone, as_json=as_json)
    sys.exit(1 if wrong else 0)


def _tell(found: Audit, timezone: str, *, as_json: bool) -> bool:
    total: Counter[str] = Counter()
    disposed: Counter[str] = Counter()
    arithmetic = False
    for finding in found.findings:
        total.update(
            entries=1,
            expected=finding.expected,
            emitted=finding.emitted,
            missing=finding.missing,
            extra=finding.extra,
            unjudged=finding.unjudged,
            due=finding.due,
        )
        disposed.update(finding.disposed)
        arithmetic = arithmetic or finding.by_arithmetic
        if as_json:
            json_line(_plain(finding, found))
        elif finding.wrong or finding.unjudged:
            _print(finding, timezone)
    if not as_json:
        if arithmetic:
            click.echo(
                "emitted fires are not on record (see `history`): all that was not disposed of counts as emitted"
            )
        reasons = "".join(f", {count} {reason}" for reason, count in sorted(disposed.items()))
        click.echo(f"{total['entries']} entries: {total['expected']} fires, {total['emitted']} emitted{reasons}")
        click.echo(
            f"{total['missing']} missing, {total['extra']} extra"
            + (f", {total['unjudged']} not to be judged" if total["unjudged"] else "")
            + (f"; {total['due']} due and not settled yet" if total["due"] else "")
        )
    return bool(total["missing"] or total["extra"])


def _print(finding: Finding, timezone: str) -> None:
    for number, what, moments in (
        (finding.missing, "missing", finding.missing_at),
        (finding.extra, "extra", finding.extra_at),
    ):
        if number:
            shown = ", ".join(short(moment, timezone) for moment in moments[:3]) + (", …" if number > 3 else "")
            click.echo(clean(f"{finding.entry}: {number} {what}: {shown}"))
    if finding.unjudged:
        click.echo(clean(f"{finding.entry}: {finding.unjudged} fires of, or beside, a version that is not known"))


def _plain(finding: Finding, found: Audit) -> dict[str, Any]:
    return {
        "entry": finding.entry,
        "since": optional_iso(found.since),
        "until": optional_iso(found.until),
        "expected": finding.expected,
        "emitted": finding.emitted,
        "disposed": dict(sorted(finding.disposed.items())),
        "missing": finding.missing,
        "missing_at": [iso(moment) for moment in finding.missing_at],
        "extra": finding.extra,
        "extra_at": [iso(moment) for moment in finding.extra_at],
        "due": finding.due,
        "unjudged": finding.unjudged,
        "by_arithmetic": finding.by_arithmetic,
    }
