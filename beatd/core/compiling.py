"""When entries fire: the schedule under its terms, less what is excluded, within its bounds; shared by equal ones."""

from functools import lru_cache

import msgspec

from beatd.core.entry import Entry
from beatd.core.plan import SHARED, Plan
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.bounds import NEVER, bounded
from beatd.schedules.composition.calendars import Calendar, read_calendar
from beatd.schedules.terms import BusinessDays


def compile_entry(entry: Entry) -> Schedule:
    """Return when this entry fires, nothing where it is not enabled. Raises InvalidScheduleError, ValueError.

    Entries that fire at the same moments by the same rule are given one shared schedule.
    """
    found = shared_by(entry.plan)
    return schedule_of(entry) if found is None else found


def schedule_of(entry: Entry) -> Schedule:
    """Return when this entry would fire if it was enabled. Raises InvalidScheduleError, ValueError."""
    return _of_name(entry.plan, entry.name)


@lru_cache(maxsize=SHARED)
def shared_by(plan: Plan) -> Schedule | None:
    """Return when every entry on this plan fires, or None where that depends on its name (``H``).

    Raises InvalidScheduleError, ValueError.
    """
    if not plan.enabled:
        return NEVER
    return None if uses_name(plan) else _of_name(plan, "")


def uses_name(plan: Plan) -> bool:
    """Return whether entries on this plan fire at moments that depend on their names."""
    # As in ``_fires``: all kinds of rules come with these, and who only runs tasks reads none.
    from beatd.schedules.composition.exclusion import parse_exclude
    from beatd.schedules.text import parse

    terms = _terms(plan, "")
    rules = [parse(plan.schedule, terms)]
    if plan.exclude is not None:
        exclusion = parse_exclude(plan.exclude, terms, _calendars(_documents(plan)))
        rules += [*exclusion.crons, *exclusion.moments]
    return any("name" in rule.terms_used for rule in rules)


def _of_name(plan: Plan, name: str) -> Schedule:
    return _fires(plan.schedule, _terms(plan, name), plan.exclude, plan.business_days, _documents(plan), plan.ends_at)


def _terms(plan: Plan, name: str) -> Terms:
    return Terms(timezone=plan.timezone, name=name, starts_at=plan.starts_at, gap=plan.gap, fold=plan.fold)


def _documents(plan: Plan) -> bytes:
    return msgspec.json.encode(plan.calendars, order="sorted")


@lru_cache(maxsize=SHARED)
def _fires(
    schedule: str,
    terms: Terms,
    exclude: str | None,
    business_days: BusinessDays | None,
    calendars: bytes,
    ends_at: int | None,
) -> Schedule:
    from beatd.schedules.composition.composed import composed
    from beatd.schedules.composition.exclusion import parse_exclude
    from beatd.schedules.text import parse

    exclusion = None if exclude is None else parse_exclude(exclude, terms, _calendars(calendars))
    remaining = parse(schedule, terms)
    if exclusion is not None or business_days is not None:
        remaining = composed(remaining, exclusion, business_days, terms)
    return bounded(remaining, terms.starts_at, ends_at)


@lru_cache(maxsize=SHARED)
def _calendars(documents: bytes) -> dict[str, Calendar]:
    return {name: read_calendar(name, document) for name, document in msgspec.json.decode(documents).items()}
