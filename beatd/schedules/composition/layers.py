"""Which schedules are certain times of day on certain days, and nothing else."""

from typing import NamedTuple

from beatd.schedules.base import Schedule
from beatd.schedules.composition.daily import daily_crontab, daily_interval
from beatd.schedules.composition.day_kinds import Layer
from beatd.schedules.crontab.schedule import Crontab
from beatd.schedules.interval import Interval
from beatd.schedules.zones import Zone


class Placed(NamedTuple):
    """A layer and the zone whose readings it is of; None for any zone."""

    layer: Layer
    zone: Zone | None


def placed(schedule: Schedule) -> Placed | None:
    """Return the schedule as days and times of day in a zone, or None where it is not of that kind."""
    if isinstance(schedule, Crontab):
        _, zone, _, fold = schedule.made_of()
        return Placed(Layer(daily_crontab(schedule.resolved), (), fold), zone)
    if isinstance(schedule, Interval):
        daily = daily_interval(schedule)
        return None if daily is None else Placed(Layer(daily, (), "both"), None)
    own: Placed | None = getattr(schedule, "placed", None)
    return own
