"""What ``exclude`` takes away, and where ``business_days`` moves a fire."""

from collections.abc import Iterator
from datetime import timedelta

from beatd.errors import InvalidScheduleError
from beatd.schedules.base import Schedule
from beatd.schedules.composition.calendars import WEEKENDS, Calendar
from beatd.schedules.composition.closing import ClosedDays
from beatd.schedules.composition.composed import composed
from beatd.schedules.composition.exclusion import Dates, Exclusion, parse_exclude
from beatd.schedules.english import Subject
from beatd.schedules.moments import EPOCH, FIRST, from_us, iso
from beatd.schedules.text import parse
from beatd.schedules.why_not.reason import Reason
from beatd.schedules.why_not.rules import names
from beatd.schedules.zones import zone

_MOST_MOVED = 100
"""Fires looked through on either side for the one that has been moved here."""


def composition_reasons(subject: Subject, us: int) -> Iterator[Reason]:
    """Yield what makes a moment that the rules name no fire, or a fire of one that they do not name."""
    exclusion = parse_exclude(subject.exclude, subject.terms, subject.calendars) if subject.exclude else None
    own = exclusion.closed if exclusion else None
    closed = own or ClosedDays((WEEKENDS,))
    rules = parse(subject.text, subject.terms)
    if not names(rules, us):
        yield from _moved_here(subject, rules, closed, us)
        return
    for part in exclusion.parts if exclusion else ():
        if not _remains(subject, rules, Exclusion((part,)), us):
            closes = isinstance(part, Dates | Calendar)
            yield Reason("exclude", f"{str(part)!r} closes this day" if closes else f"{str(part)!r} takes it away")
    if subject.business_days and _open_day(subject, closed, us) != _day(subject, us):
        weekend = "the day is closed" if own else "Saturday and Sunday are closed"
        yield Reason("business_days", f"{weekend}{_where(subject, exclusion, closed, us)}")


def _where(subject: Subject, exclusion: Exclusion | None, closed: ClosedDays, us: int) -> str:
    if subject.business_days == "skip":
        return ", and business_days is 'skip'"
    moved = _moved_to(subject, closed, us)
    where = "there is no moment to move to"
    if moved is not None:
        lost = _why_lost(subject, exclusion, moved)
        where = f"the fire moves to {iso(moved)}" + (f", which {lost}, so that nothing fires" if lost else "")
    return f": {where} (business_days is {subject.business_days!r})"


def _why_lost(subject: Subject, exclusion: Exclusion | None, moved: int) -> str | None:
    """Return what becomes of a fire at the moment to which it has moved; None where it stays."""
    if subject.starts_at is not None and moved < subject.starts_at:
        return "is before starts_at"
    if subject.ends_at is not None and moved >= subject.ends_at:
        return "is not before ends_at"
    fire = parse(f"at {iso(moved)}", subject.terms)
    # Days are looked at before the move alone.
    after_it = (part for part in (exclusion.parts if exclusion else ()) if not isinstance(part, Dates | Calendar))
    if any(not _remains(subject, fire, Exclusion((part,)), moved) for part in after_it):
        return "exclude takes away"
    return None


def _moved_here(subject: Subject, rules: Schedule, closed: ClosedDays, us: int) -> Iterator[Reason]:
    """Yield where the fire comes from that is here only because its day is closed."""
    step = rules.last_us if subject.business_days == "next" else rules.next_us
    moment = step(us)
    for _ in range(_MOST_MOVED):
        if moment is None:
            return
        if _moved_to(subject, closed, moment) == us:
            yield Reason("business_days", f"the fire of {iso(moment)} is moved here: that day is closed")
            return
        moment = step(moment)


def _moved_to(subject: Subject, closed: ClosedDays, us: int) -> int | None:
    """Return the same reading of the clock on the open day to which a fire moves; None where there is none."""
    day, target = _day(subject, us), _open_day(subject, closed, us)
    if target is None:
        return None
    reading = from_us(us).astimezone(zone(subject.terms.timezone).info).replace(tzinfo=None, fold=0)
    try:
        return parse(f"at {(reading + timedelta(days=target - day)).isoformat()}", subject.terms).next_us(FIRST)
    except InvalidScheduleError:
        return None  # the clocks skip that reading


def _open_day(subject: Subject, closed: ClosedDays, us: int) -> int | None:
    return closed.moved(_day(subject, us), forward=subject.business_days == "next")


def _day(subject: Subject, us: int) -> int:
    """Return the day in the schedule's zone, numbered from 1970-01-01."""
    local = from_us(us).astimezone(zone(subject.terms.timezone).info)
    return local.toordinal() - EPOCH.toordinal()


def _remains(subject: Subject, rules: Schedule, taken: Exclusion, us: int) -> bool:
    try:
        return names(composed(rules, taken, None, subject.terms), us)
    except InvalidScheduleError:
        return False  # nothing at all remains
