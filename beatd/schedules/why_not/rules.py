"""Why one rule does not name a moment; each kind answers from its canonical text and its fires nearby."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC

from beatd.schedules.base import Schedule, Terms
from beatd.schedules.crontab.schedule import Crontab
from beatd.schedules.english.fields import read_cron
from beatd.schedules.moments import iso, to_us
from beatd.schedules.text import parse
from beatd.schedules.why_not.asked import Asked, passes
from beatd.schedules.why_not.fields import field_reasons
from beatd.schedules.why_not.reason import Reason

_PARTS = {"every": "interval", "at": "at", "rrule": "rrule", "sun_elevation": "solar"}


def names(schedule: Schedule, us: int) -> bool:
    """Return whether a moment is one of a schedule's."""
    return schedule.next_us(us - 1) == us


def rule_reasons(rule: str, terms: Terms, asked: Asked) -> list[Reason]:
    """Return why a rule does not name what was asked; nothing where it does, or names it as a reading in a gap."""
    schedule = parse(rule, terms)
    if asked.us is not None and names(schedule, asked.us):
        return []
    return list(_reasons(rule, schedule, terms, asked))


def _reasons(rule: str, schedule: Schedule, terms: Terms, asked: Asked) -> Iterator[Reason]:
    if asked.us is not None:
        other = next((us for us in passes(asked, terms.timezone) if us != asked.us and names(schedule, us)), None)
        if other is not None:
            yield _other_pass(asked.us, other, asked, terms)
            return
    if isinstance(schedule, Crontab) and (fields := read_cron(str(schedule.resolved))):
        yield from field_reasons(fields, asked.local)
    elif asked.us is not None:
        yield _nearest(rule, schedule, asked.us)
    elif not _reads(rule, terms, asked):
        yield Reason(_part(rule), "it does not name this reading of the clock")


def _other_pass(us: int, other: int, asked: Asked, terms: Terms) -> Reason:
    which, taken = ("second", "first") if other < us else ("first", "second")
    return Reason(
        "fold",
        f"{asked.local:%H:%M:%S} occurs twice on {asked.local:%Y-%m-%d} in {terms.timezone}: this is the {which} "
        f"pass, and the rule takes the {taken} ({iso(other)})",
    )


def _nearest(rule: str, schedule: Schedule, us: int) -> Reason:
    """Return a reason from the fires on both sides."""
    before, after = schedule.last_us(us), schedule.next_us(us)
    sides = [f"{iso(before)} before" if before is not None else "", f"{iso(after)} after" if after is not None else ""]
    found = " and ".join(side for side in sides if side)
    return Reason(_part(rule), f"it fires at {found}" if found else "it never fires")


def _reads(rule: str, terms: Terms, asked: Asked) -> bool:
    """Return whether a rule other than a crontab names a reading in a gap: in UTC, which has none, it exists."""
    if rule.split(maxsplit=1)[0] not in {"at", "rrule"}:
        return False
    return names(parse(rule, replace(terms, timezone="UTC")), to_us(asked.local.replace(tzinfo=UTC)))


def _part(rule: str) -> str:
    return _PARTS.get(rule.split(maxsplit=1)[0], "solar")
