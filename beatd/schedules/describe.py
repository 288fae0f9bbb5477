"""Fire times as people read them: local, with a word on those that the zone's clock changes touch."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from beatd.schedules.base import Schedule, Terms
from beatd.schedules.moments import from_us
from beatd.schedules.terms import checked_zone
from beatd.schedules.zones import Zone


class LocalFire(NamedTuple):
    """A fire time in microseconds and in the zone; ``note`` is "gap", "first pass", "second pass" or None.

    "gap": the moment named does not exist that day and was moved to the gap's end. The passes: the local reading
    occurs twice that day.
    """

    us: int
    local: datetime
    note: str | None


def local_fires(schedule: Schedule, terms: Terms, after_us: int, count: int) -> list[LocalFire]:
    """Return the first ``count`` fire times strictly later than ``after_us``. Raises InvalidScheduleError.

    Those of the first and last hours of the years 1 to 9999 that a zone shows in another year are left out.
    """
    schedule = schedule.under(terms)
    zone = checked_zone(str(schedule), terms.timezone, terms.gap, terms.fold)
    unshifted = schedule.under(replace(terms, gap="skip"))
    fires: list[LocalFire] = []
    moment = schedule.next_us(after_us)
    while moment is not None and len(fires) < count:
        local = _shown(moment, zone)
        if local is not None:
            shifted = unshifted.next_us(moment - 1) != moment
            fires.append(LocalFire(moment, local, "gap" if shifted else _pass_of(local)))
        moment = schedule.next_us(moment)
    return fires


def _shown(moment: int, zone: Zone) -> datetime | None:
    try:
        return from_us(moment).astimezone(zone.info)
    except (OverflowError, ValueError):
        return None


def _pass_of(local: datetime) -> str | None:
    twice = local.replace(fold=0).astimezone(UTC) != local.replace(fold=1).astimezone(UTC)
    return None if not twice else "second pass" if local.fold else "first pass"
