"""Recurrence rules as RFC 5545 writes them, on the wall clock of a zone; nothing is ever taken from the present."""

from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple, Self

from beatd.errors import InvalidScheduleError
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.moments import FIRST, LAST, SECOND
from beatd.schedules.rrule.local import Span, local_rule
from beatd.schedules.rrule.parts import DAY, Moment, Recurrence
from beatd.schedules.rrule.reader import read_parts
from beatd.schedules.terms import checked_zone
from beatd.schedules.wallclock import WallClock
from beatd.schedules.zones import Zone, zone

_STRIDE = 1 << 27  # seconds; a little over four years
_FAR_LOCAL = LAST // SECOND + 2 * DAY
_EARLIEST_COUNTED = -2_208_988_800  # 1900-01-01; what COUNT leaves is found by counting from the start


class _Ends(NamedTuple):
    """Where a rule begins and ends: local seconds, both included, and fire times (low, high], in microseconds."""

    start: int
    until: int
    low: int
    high: int


class _Tally(NamedTuple):
    """``seen`` fires lie up to ``reach``, a second; ``final`` is the one that uses COUNT up, once it is found."""

    reach: int
    seen: int
    final: int | None


class RRule(WallClock):
    """A recurrence rule in a zone. It starts at DTSTART, else at ``starts_at``, else at 1970-01-01T00:00 local.

    The start gives the month and days that the rule leaves open, and the time of day if it is DTSTART, else that is
    midnight. The start itself is a fire only if the rule names it. COUNT counts fires.
    """

    __slots__ = ("_count", "_ends", "_key", "_tally", "rule")

    def __init__(self, rule: Recurrence, terms: Terms) -> None:
        place = zone(terms.timezone)
        ends = _ends(rule, terms.starts_at, place)
        full = rule.filled(ends.start, ends.start % DAY if rule.start else 0)
        span = Span(local_rule(full, ends.start), ends.start, ends.until)
        super().__init__(span, place, elapsed=False, gap=terms.gap, fold=terms.fold)
        self.rule = rule
        self._ends = ends
        self._count = rule.count
        # A cache of what only the rule decides, replaced as a whole: threads that meet here find the same.
        self._tally = _Tally(ends.low // SECOND, 0, None)
        anchor = None if rule.start else terms.starts_at
        self._key = (rule, terms.timezone, anchor, self._shifts, self._fold)

    def __str__(self) -> str:
        return str(self.rule)

    def __repr__(self) -> str:
        return f"<{self} in {self._zone.key}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RRule) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def terms_used(self) -> frozenset[str]:
        """An entry's start is the rule's where DTSTART is not given."""
        return frozenset() if self.rule.start else frozenset({"starts_at"})

    def under(self, terms: Terms) -> Self:
        """Return this rule in the entry's zone from its start, one shared object for equal terms.

        Raises InvalidScheduleError where the rule needs a start and has none, and where it can never fire.
        """
        starts_at = None if self.rule.start else terms.starts_at
        terms = Terms(timezone=terms.timezone, starts_at=starts_at, gap=terms.gap, fold=terms.fold)
        bound: Self = _bound(type(self), self.rule, terms)
        return bound

    def _next(self, second: int) -> int | None:
        """Return the first second from ``second`` on that is a fire time."""
        found = super()._next(max(second, self._ends.low // SECOND + 1))
        return None if found is None or found * SECOND > self._high(found * SECOND) else found

    def last_us(self, before: int) -> int | None:
        """Return the last fire time strictly earlier than ``before``, or None if there is none in 40 years."""
        found = super().last_us(min(before, self._high(before) + 1))
        return None if found is None or found <= self._ends.low else found

    def count_us(self, after: int, until: int, limit: int | None = None) -> int:
        """Return how many fire times lie in (after, until], at most ``limit``."""
        return super().count_us(max(after, self._ends.low), min(until, self._high(until)), limit)

    def first(self) -> int | None:
        """Return the first fire time, in microseconds, or None if none lies within 40 years of the start."""
        return self.next_us(self._ends.low)

    def _high(self, moment: int) -> int:
        """Return the last fire time if it is known to lie up to ``moment``, else one from there on."""
        count = self._count
        if count is None:
            return self._ends.high
        tally = self._tally
        while tally.final is None and tally.reach * SECOND < min(moment, LAST):
            tally = self._tallied(tally, count)
        self._tally = tally
        return LAST if tally.final is None else tally.final

    def _tallied(self, tally: _Tally, count: int) -> _Tally:
        reach = tally.reach + _STRIDE
        seen = tally.seen + self._between(tally.reach, reach)
        if seen < count:
            return _Tally(reach, seen, None)
        low, high = tally.reach, reach
        while high - low > 1:
            middle = (low + high) // 2
            if tally.seen + self._between(tally.reach, middle) < count:
                low = middle
            else:
                high = middle
        return _Tally(reach, seen, high * SECOND)

    def _between(self, low: int, high: int) -> int:
        return super().count_us(low * SECOND, high * SECOND)


def _ends(rule: Recurrence, starts_at: int | None, place: Zone) -> _Ends:
    begin = rule.start or Moment(0, instant=False)
    low = begin.second * SECOND
    if rule.start is None and starts_at is not None:
        begin, low = Moment(-(-starts_at // SECOND), instant=True), starts_at
    # A local start has no one instant; two days, more than any offset, are enough to leave out what lies before.
    low -= 1 if begin.instant else 2 * DAY * SECOND
    until, high = _FAR_LOCAL, LAST
    if rule.until is not None and rule.until.instant:
        high = rule.until.second * SECOND
    elif rule.until is not None:
        until = rule.until.second
        high = min((until + 2 * DAY) * SECOND, LAST)
    return _Ends(_local(begin, place), until, max(low, FIRST - 1), high)


def _local(moment: Moment, place: Zone) -> int:
    return moment.second + place.at(moment.second).offset if moment.instant else moment.second


@lru_cache(maxsize=65_536)
def _bound(kind: type[RRule], rule: Recurrence, terms: Terms) -> Any:
    text = str(rule)
    place = checked_zone(text, terms.timezone, terms.gap, terms.fold)
    if rule.start is None and terms.starts_at is None:
        _check_needs_no_start(rule, text)
    _check_ends(rule, _ends(rule, terms.starts_at, place), text)
    bound = kind(rule, terms)
    # Asked without gap and fold, so that what only they take away is none of the rule's fault.
    plain = bound if terms.gap is terms.fold is None else kind(rule, replace(terms, gap=None, fold=None))
    if plain.first() is None:
        raise InvalidScheduleError(text, "it can never fire: no moment in the 40 years from its start fits its parts")
    return bound


def _check_needs_no_start(rule: Recurrence, text: str) -> None:
    needs = "INTERVAL above 1" if rule.interval > 1 else "COUNT" if rule.count else ""
    if needs:
        raise InvalidScheduleError(text, f"{needs} needs a start to count from", "give DTSTART, or the entry starts_at")
    if rule.takes_weekday:
        raise InvalidScheduleError(
            text, "nothing says on which day of the week", "give BYDAY, as in BYDAY=MO, or a start by DTSTART"
        )


def _check_ends(rule: Recurrence, ends: _Ends, text: str) -> None:
    if rule.until is not None and (ends.until < ends.start or ends.high <= ends.low):
        raise InvalidScheduleError(text, "it can never fire: UNTIL is before its start")
    if rule.count is not None and ends.start < _EARLIEST_COUNTED:
        raise InvalidScheduleError(text, "COUNT is not counted from before 1900", "give a later start, or UNTIL")


def read_rrule(words: list[str], text: str) -> Schedule:
    """Return the schedule of the parts after ``rrule``. Raises InvalidScheduleError quoting ``text``."""
    return RRule(read_parts(words, text), Terms())
