"""Which fire is the event that was settled, where another computation of the sun named another second for it."""

from beatd.schedules.base import Schedule
from beatd.schedules.moments import SECOND
from beatd.schedules.sun.schedule import Solar

_HOUR = 3600 * SECOND


def follows_sun(schedule: Schedule) -> bool:
    """Return whether it is an event of the sun, or what bounds, moves or takes away from one."""
    inner: Schedule | None = getattr(schedule, "inner", None)
    return isinstance(schedule, Solar) or (inner is not None and follows_sun(inner))


def distance(schedule: Schedule, settled: int) -> int | None:
    """Return how far (microseconds) the nearest event is from a settled fire; None for an hour, and for no event."""
    # Events are whole seconds; a moment that is none was no event.
    if settled % SECOND or not follows_sun(schedule):
        return None
    near = (schedule.next_us(settled - 1), schedule.last_us(settled))
    least = min((abs(fire - settled) for fire in near if fire is not None), default=_HOUR)
    return least if least < _HOUR else None
