"""One moment: an instant, or a reading of the wall clock in the entry's zone."""

import re
from datetime import UTC, datetime
from typing import Any, Self

from beatd.errors import InvalidScheduleError
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.moments import FIRST, LAST, SECOND, from_us, to_us
from beatd.schedules.terms import checked_zone
from beatd.schedules.zones import Zone

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AROUND = 2 * 86_400  # seconds; no offset from UTC is larger
OUTSIDE = "it lies outside the years 1 to 9999 in UTC"


class At(Schedule):
    """Fire once. An instant stands as it is; a local reading is looked up in the zone when put under terms.

    In a gap of up to three hours it moves to the gap's end; of two passes it takes the first, unless the terms say so.
    """

    __slots__ = ("fires", "local")

    def __init__(self, local: datetime, fires: tuple[int, ...] | None = None) -> None:
        self.local = local
        self.fires = (to_us(local.replace(tzinfo=local.tzinfo or UTC)),) if fires is None else fires

    def __str__(self) -> str:
        bare = self.local.replace(tzinfo=None)
        spec = "auto" if bare.second or bare.microsecond else "minutes"
        return f"at {bare.isoformat(timespec=spec)}{'Z' if self.local.tzinfo else ''}"

    def __repr__(self) -> str:
        return f"<{self} = {', '.join(str(from_us(fire)) for fire in self.fires)}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, At) and (str(self), self.fires) == (str(other), other.fires)

    def __hash__(self) -> int:
        return hash((str(self), self.fires))

    def under(self, terms: Terms) -> Self:
        """Return the moment in the entry's zone; none where it does not exist there. Raises InvalidScheduleError."""
        zone = checked_zone(str(self), terms.timezone, terms.gap, terms.fold)
        if self.local.tzinfo is not None:
            return self
        fires = instants(self.local, zone, terms.gap or "shift", terms.fold or "first")
        if not all(map(is_representable, fires)):
            raise InvalidScheduleError(str(self), f"in {zone.key} {OUTSIDE}")
        return type(self)(self.local, fires)

    def next_us(self, after: int) -> int | None:
        """Return the moment if it is strictly later than ``after``."""
        return next((fire for fire in self.fires if fire > after), None)

    def last_us(self, before: int) -> int | None:
        """Return the moment if it is strictly earlier than ``before``."""
        return next((fire for fire in reversed(self.fires) if fire < before), None)

    def count_us(self, after: int, until: int, limit: int | None = None) -> int:
        """Return how many fire times lie in (after, until], at most ``limit``."""
        total = sum(after < fire <= until for fire in self.fires)
        return total if limit is None else min(total, limit)


def read_at(moment: str, text: str) -> At:
    """Return the schedule of an ISO 8601 moment. Raises InvalidScheduleError quoting ``text``."""
    if is_day(moment):
        raise InvalidScheduleError(
            text, "the time of day is missing", f"write 'at {moment}T00:00' for its first moment"
        )
    try:
        found = read_reading(moment)
    except ValueError as error:
        raise InvalidScheduleError(text, f"{moment!r} is not a moment: {error}") from None
    if found is None:
        raise InvalidScheduleError(text, f"{moment!r} is not a moment", "write it as in 'at 2026-12-24T18:00'")
    return from_datetime(found)


def is_day(moment: str) -> bool:
    """Return whether a text has the form of an ISO 8601 date."""
    return _DATE.fullmatch(moment) is not None


def read_reading(moment: str) -> datetime | None:
    """Return what an ISO 8601 moment says, None for a text of another form.

    Raises ValueError where the calendar or the clock has no such moment.
    """
    written = moment.upper()
    return datetime.fromisoformat(written) if _MOMENT.fullmatch(written) else None


def from_datetime(moment: datetime) -> At:
    """Return the schedule of a datetime; one without zone is a reading in the entry's zone.

    Raises InvalidScheduleError for an instant outside the years 1 to 9999 in UTC.
    """
    if moment.tzinfo is None:
        return At(moment.replace(fold=0))
    try:
        return At(moment.astimezone(UTC))
    except OverflowError:
        raise InvalidScheduleError(f"at {moment.isoformat()}", OUTSIDE) from None


def is_representable(microseconds: int) -> bool:
    """Return whether a datetime can say this moment."""
    return FIRST <= microseconds < LAST + SECOND


def instants(local: datetime, zone: Zone, gap: str, fold: str) -> tuple[int, ...]:
    """Return the moments in microseconds, of any year, at which the clocks of a zone show a reading; none or two, too.

    ``gap`` "shift" gives the end of the gap in which it lies, ``fold`` ("first", "second", "both") which passes count.
    """
    reading, fraction = divmod(to_us(local.replace(tzinfo=UTC)), SECOND)
    found, shifted = [], []
    second = reading - _AROUND
    while second <= reading + _AROUND:
        segment = zone.at(second)
        start, second, offset = segment.start, segment.end, segment.offset
        if start <= reading - offset < second:
            found.append((reading - offset) * SECOND + fraction)
        elif segment.gap <= reading < start + offset and gap == "shift":
            shifted.append(start * SECOND)
    return tuple({"first": found[:1], "second": found[-1:], "both": found}[fold] or shifted)


def at(moment: datetime | str) -> Schedule:
    """Return a schedule that fires once; a datetime without zone is a reading in the entry's zone."""
    given: Any = moment
    if isinstance(given, datetime):
        return from_datetime(given)
    if isinstance(given, str):
        return read_at(given.strip(), f"at {given.strip()}")
    raise TypeError(f"at() takes a datetime or a text such as '2026-12-24T18:00', not {given!r}")
