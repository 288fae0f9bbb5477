"""What remains of a schedule when days and moments are taken away, or moved to business days."""

from dataclasses import replace
from functools import lru_cache

from beatd.errors import InvalidScheduleError
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.composition.business import BusinessClock, moved
from beatd.schedules.composition.calendars import WEEKENDS
from beatd.schedules.composition.closing import ClosedDays
from beatd.schedules.composition.exclusion import Exclusion
from beatd.schedules.composition.moved_instants import MovedInstants
from beatd.schedules.composition.remaining import Remaining
from beatd.schedules.terms import BusinessDays
from beatd.schedules.union import Union


def composed(
    schedule: Schedule, exclusion: Exclusion | None, business_days: BusinessDays | None, terms: Terms
) -> Schedule:
    """Return what remains of ``schedule``, one shared object for equal arguments.

    With "next" or "previous" a fire on a closed day moves to the same time of the next or previous open day, and what
    then falls on what ``exclusion`` names otherwise is taken away; else closed days are taken away as well. Saturdays
    and Sundays are closed where business days are asked for and ``exclusion`` names no days. Raises
    InvalidScheduleError where nothing ever remains.
    """
    if exclusion is None and business_days is None:
        return schedule
    return _composed(schedule, exclusion, business_days, replace(terms, name="", starts_at=None))


@lru_cache(maxsize=65_536)
def _composed(
    schedule: Schedule, exclusion: Exclusion | None, business_days: BusinessDays | None, terms: Terms
) -> Schedule:
    closed = None if exclusion is None else exclusion.closed
    if business_days is not None and closed is None:
        closed = ClosedDays((WEEKENDS,))
    left: tuple[Schedule, ...] = ()
    if closed is None or not closed.always:
        parts = schedule.parts if isinstance(schedule, Union) else (schedule,)
        remaining = (_of_part(part, exclusion, closed, business_days, terms) for part in parts)
        left = tuple(part for part in remaining if _may_fire(part))
    if not left:
        raise InvalidScheduleError(str(schedule), _never(exclusion, business_days))
    return left[0] if len(left) == 1 else Union(left)


def _of_part(
    part: Schedule,
    exclusion: Exclusion | None,
    closed: ClosedDays | None,
    business_days: BusinessDays | None,
    terms: Terms,
) -> Schedule:
    crons, moments = ((), ()) if exclusion is None else (exclusion.crons, exclusion.moments)
    if closed is not None and business_days in ("next", "previous"):
        part = moved(part, closed, terms, forward=business_days == "next")
        closed = None
    if closed is None and not crons and not moments:
        return part
    return Remaining(part, closed, crons, moments, terms)


def _may_fire(part: Schedule) -> bool:
    """Return False where it is certain that it never fires."""
    if isinstance(part, Remaining | BusinessClock | MovedInstants):
        return part.may_fire()
    return True


def _never(exclusion: Exclusion | None, business_days: str | None) -> str:
    causes = [] if exclusion is None else [f"exclude {str(exclusion)!r}"]
    causes += [] if business_days is None else [f"business_days {business_days!r}"]
    return f"it can never fire: {' and '.join(causes)} {'leave' if len(causes) > 1 else 'leaves'} nothing of it"
