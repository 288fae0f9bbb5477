"""How many fires are taken away because another rule names the same moment."""

from beatd.schedules.base import Schedule
from beatd.schedules.composition.progressions import MOST, Progression, common, progression
from beatd.schedules.composition.seconds_left import SecondsLeft
from beatd.schedules.interval import Interval
from beatd.schedules.moments import SECOND
from beatd.schedules.union import Union


def count_named(
    inner: Schedule, moments: tuple[Schedule, ...], left: SecondsLeft | None, after: int, until: int
) -> int:
    """Return how many fires of (after, until] that days and crontabs leave are taken away by the moments of others.

    What intervals have in common is an interval again. Of other rules the sparser side is walked.
    """
    shared = _shared(inner, moments)
    total = 0
    if shared is not None:
        total = shared.count_us(after, until) if left is None else left.count(shared, after, until, None)
        moments = tuple(rule for rule in moments if not isinstance(rule, Interval))
    others = _joined(moments)
    if others is None:
        return total
    fires, named = inner.count_us(after, until), others.count_us(after, until)
    walked, known = (others, inner) if named < fires else (inner, others)
    return total + sum(
        known.next_us(moment - 1) == moment
        and (left is None or left.next(moment // SECOND) == moment // SECOND)
        and (shared is None or shared.next_us(moment - 1) != moment)
        for moment in walked.between_us(after, until)
    )


def _joined(rules: tuple[Schedule, ...]) -> Schedule | None:
    return Union(rules) if len(rules) > 1 else next(iter(rules), None)


def _shared(inner: Schedule, moments: tuple[Schedule, ...]) -> Schedule | None:
    """Return what an interval has in common with intervals, or None where there is no such thing to tell."""
    takers = [rule for rule in moments if isinstance(rule, Interval)]
    if not isinstance(inner, Interval) or not 0 < len(takers) <= MOST:
        return None
    both = (common(progression(inner), progression(taker)) for taker in takers)
    return _joined(tuple(dict.fromkeys(_interval(each) for each in both if each is not None)))


def _interval(of: Progression) -> Interval:
    return Interval(of.every, of.start % of.every)
