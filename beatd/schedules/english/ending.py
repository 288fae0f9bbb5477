"""What it means that a schedule has no next fire: searches are bounded, so that not all of them are over."""

from enum import Enum

from beatd.schedules.composition.exclusion import parse_exclude
from beatd.schedules.crontab.schedule import Crontab
from beatd.schedules.english.subject import Subject
from beatd.schedules.moments import LAST, SECOND
from beatd.schedules.rrule.schedule import RRule
from beatd.schedules.text import parse
from beatd.schedules.wallclock import HORIZON

_YEAR = 366 * 86_400
_SEARCHED = (HORIZON - _YEAR) * SECOND
"""Forty years: what is moved to a business day may come up to a year later."""

_PATIENCE = 2_000
"""The fewest fires in a row after which a search gives up."""


class Ending(Enum):
    """Why no further fire was found."""

    NEVER = "it is over"
    FAR = "there is none within 40 years"
    GIVEN_UP = "too many in a row are taken away or moved"


def ending(subject: Subject, since: int) -> Ending:
    """Return why a schedule has no fire later than ``since``, in microseconds."""
    until = since + _SEARCHED
    if subject.ends_at is not None:
        until = min(until, subject.ends_at - 1)
    if until <= since:
        return Ending.NEVER
    if _gives_up(subject) and parse(subject.text, subject.terms).count_us(since, until, _PATIENCE) >= _PATIENCE:
        return Ending.GIVEN_UP
    if until < since + _SEARCHED or all(_is_over(rule, subject, until) for rule in subject.rules):
        return Ending.NEVER
    return Ending.FAR


def _gives_up(subject: Subject) -> bool:
    """Return whether fires are looked through one by one: those that rules take away, and instants that move."""
    excluded = subject.exclude and parse_exclude(subject.exclude, subject.terms, subject.calendars).moments
    moves = subject.business_days in ("next", "previous")
    return bool(excluded) or (moves and any(not _of_the_clock(rule, subject) for rule in subject.rules))


def _of_the_clock(rule: str, subject: Subject) -> bool:
    return isinstance(parse(rule, subject.terms), Crontab | RRule)


def _is_over(rule: str, subject: Subject, until: int) -> bool:
    """Return whether it is certain that a rule names nothing later than ``until``."""
    last = parse(rule, subject.terms).last_us(LAST + 1)
    # The sun is not known up to the last year there is.
    return last <= until if last is not None else rule.startswith(("at ", "rrule "))
