"""The verdict on one moment: whether the schedule fires then, and what decides."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from beatd.schedules.base import Schedule
from beatd.schedules.bounds import Bounded
from beatd.schedules.crontab.schedule import Crontab
from beatd.schedules.english import Subject
from beatd.schedules.moments import SECOND, iso
from beatd.schedules.text import parse
from beatd.schedules.why_not.asked import Asked, gap_around, gap_length, gap_words
from beatd.schedules.why_not.composition import composition_reasons
from beatd.schedules.why_not.reason import Reason
from beatd.schedules.why_not.rules import names, rule_reasons
from beatd.schedules.zones import LONGEST_SHIFTED_GAP, Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a schedule fires at a moment, and why; the fires nearest to it. Moments in microseconds.

    ``us`` is None for a reading of the clock that does not exist; ``reasons`` may say something of a fire, too.
    """

    local: datetime
    us: int | None
    fires: bool
    reasons: tuple[Reason, ...]
    before: int | None
    after: int | None


def why_not(subject: Subject, schedule: Schedule, asked: Asked) -> Verdict:
    """Return the verdict on what was asked; ``schedule`` is the subject's, compiled, within its bounds."""
    if asked.us is None:
        return _in_gap(subject, schedule, asked)
    fires = names(schedule, asked.us)
    remains = names(schedule.inner if isinstance(schedule, Bounded) else schedule, asked.us)
    named = names(parse(subject.text, subject.terms), asked.us)
    reasons = list(_bounds(subject, asked.us))
    if not remains and not named:
        reasons += _of_rules(subject, asked)
    if fires and named and not names(parse(subject.text, replace(subject.terms, gap="skip")), asked.us):
        reasons.append(Reason("gap", "what it fires for is a reading that the clocks skip, moved to the gap's end"))
    if remains != named:
        reasons += composition_reasons(subject, asked.us)
    return Verdict(
        local=asked.local,
        us=asked.us,
        fires=fires,
        reasons=tuple(reasons),
        before=schedule.last_us(asked.us),
        after=schedule.next_us(asked.us),
    )


def _in_gap(subject: Subject, schedule: Schedule, asked: Asked) -> Verdict:
    segment = gap_around(asked, subject.terms.timezone)
    if segment is None:  # no zone does this: a reading that does not exist lies in a gap
        return Verdict(local=asked.local, us=None, fires=False, reasons=(), before=None, after=None)
    end = segment.start * SECOND
    reasons = [Reason("gap", gap_words(asked, segment, subject.terms.timezone))]
    others = _of_rules(subject, asked)
    if others:
        reasons += others
    elif dropped := _why_dropped(subject, asked, segment):
        reasons.append(Reason("gap", f"nothing fires in its place: {dropped}"))
    else:
        instead = f", and fires at the gap's end: {iso(end)}" if names(schedule, end) else ""
        reasons.append(Reason("gap", f"the schedule names this reading{instead}"))
        reasons += _bounds(subject, end, f"its fire, moved to {iso(end)},")
    return Verdict(
        local=asked.local,
        us=None,
        fires=False,
        reasons=tuple(reasons),
        before=schedule.last_us(end),
        after=schedule.next_us(end - 1),
    )


def _why_dropped(subject: Subject, asked: Asked, segment: Segment) -> str | None:
    """Return why a named reading in a gap is not moved to its end; None where it is."""
    if subject.terms.gap == "skip":
        return "gap is 'skip'"
    if gap_length(segment, subject.terms.timezone) > LONGEST_SHIFTED_GAP:
        return "what lies in a gap of more than three hours does not exist"
    naming = (parse(rule, subject.terms) for rule in subject.rules if not rule_reasons(rule, subject.terms, asked))
    if subject.terms.gap is None and all(
        isinstance(rule, Crontab) and rule.rule.follows_elapsed_time for rule in naming
    ):
        return "a crontab whose minute or hour starts with * follows elapsed time"
    return None


def _bounds(subject: Subject, us: int, what: str = "it") -> Iterator[Reason]:
    if subject.starts_at is not None and us < subject.starts_at:
        yield Reason("starts_at", f"{what} is before starts_at, {iso(subject.starts_at)}")
    if subject.ends_at is not None and us >= subject.ends_at:
        yield Reason("ends_at", f"{what} is not before ends_at, {iso(subject.ends_at)}")


def _of_rules(subject: Subject, asked: Asked) -> list[Reason]:
    """Return why none of the rules names what was asked; nothing where one of them does."""
    found: list[Reason] = []
    several = len(subject.rules) > 1
    for rule in subject.rules:
        reasons = rule_reasons(rule, subject.terms, asked)
        if not reasons:
            return []
        found += [reason._replace(rule=rule) if several else reason for reason in reasons]
    return found
