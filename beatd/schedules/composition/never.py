"""Whether anything is ever left: by the kinds of days that there are, and so for certain."""

from collections.abc import Iterator
from math import lcm

from beatd.schedules.base import Schedule
from beatd.schedules.composition.closing import ClosedDays
from beatd.schedules.composition.daily import Daily, Days
from beatd.schedules.composition.day_kinds import DayKinds, Layer
from beatd.schedules.composition.progressions import MOST, count_any, progression
from beatd.schedules.composition.spans import Span, merged
from beatd.schedules.crontab.day_table import new_year
from beatd.schedules.interval import Interval
from beatd.schedules.wallclock import DAY
from beatd.schedules.zones import Segment, Zone

_EVERY_KIND = (new_year(2001), new_year(2029) - 1)
"""28 years without an exception: each of the fourteen kinds of year, leap or not and by its first weekday, occurs."""

_MOST_DAYS = 60_000
"""Days that are looked at one by one; all years that a crontab may name are fewer."""


def segments(zone: Zone) -> Iterator[Segment]:
    """Yield the segments of the years 1970 to 2099, after which a zone's rules only repeat."""
    second, stop = 0, new_year(2100) * DAY
    while second < stop:
        segment = zone.at(second)
        yield segment
        second = segment.end


def never_left(layer: Layer, exact: DayKinds, zone: Zone) -> bool:
    """Return True where it is certain that the takers leave no time on any day from 1970 on.

    ``exact`` are the kinds of days of this very layer. What lies in a gap, and is moved to its end, is not looked at.
    """
    spans = _unusual(layer)
    if spans is None:
        return False
    takers = tuple(Daily(_usual(taker.days), taker.times) for taker in layer.takers)
    usual = DayKinds((Layer(Daily(_usual(layer.named.days), layer.named.times), takers, "both"),))
    looked_at = [(usual, _EVERY_KIND), *((exact, span) for span in spans)]
    offsets = dict.fromkeys(segment.offset for segment in segments(zone)) if exact.varies else (0,)
    return not any(kinds.next(low, high, offset) is not None for offset in offsets for kinds, (low, high) in looked_at)


def covered(inner: Schedule, moments: tuple[Schedule, ...]) -> bool:
    """Return whether the same is taken away, or intervals take away every moment of another, which one turn tells."""
    takers = tuple(progression(each) for each in moments if isinstance(each, Interval))[:MOST]
    if not isinstance(inner, Interval) or not takers:
        return inner in moments
    turn = lcm(inner.every, *(each.every for each in takers))
    return count_any((*takers, progression(inner)), 0, turn) == count_any(takers, 0, turn)


def _usual(days: Days | None) -> Days | None:
    return None if days is None else days.usual


def _unusual(layer: Layer) -> tuple[Span, ...] | None:
    """Return the days on which more may be left than on usual ones, or None for too many."""
    own = () if layer.named.days is None else layer.named.days.unusual
    if own is None:
        return None
    opened = (taker.days.reopened for taker in layer.takers if isinstance(taker.days, ClosedDays))
    spans = merged([*own, *(span for each in opened for span in each)])
    return spans if sum(high - low for low, high in spans) <= _MOST_DAYS else None
