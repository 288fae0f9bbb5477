"""The moment that is asked about: an instant, or a reading of the clock that may occur once, twice or never."""

from datetime import UTC, datetime
from typing import NamedTuple

from beatd.errors import InvalidScheduleError
from beatd.schedules.at import instants, read_reading
from beatd.schedules.moments import SECOND, from_us, iso, to_us
from beatd.schedules.zones import Segment, Zone, zone

_AROUND = 2 * 86_400  # seconds; no offset from UTC is larger


class Asked(NamedTuple):
    """A reading of the clock in a zone, and its instant in microseconds; None where the reading does not exist."""

    local: datetime
    us: int | None

    @property
    def second(self) -> int:
        """The reading in seconds, counted as if there were no zones."""
        return to_us(self.local.replace(tzinfo=UTC)) // SECOND


def read_asked(text: str, timezone: str) -> list[Asked]:
    """Return what an ISO 8601 moment asks about: two for a reading that occurs twice. Raises InvalidScheduleError."""
    found = zone(timezone)
    local = _read(text.strip())
    if local.tzinfo is not None:
        return [_asked(text, found, to_us(local))]
    moments = instants(local, found, "skip", "both")
    return [_asked(text, found, us) for us in moments] if moments else [Asked(local, None)]


def _read(text: str) -> datetime:
    try:
        local = read_reading(text)
    except ValueError as error:
        raise InvalidScheduleError(text, str(error)) from None
    if local is None:
        raise InvalidScheduleError(text, "it is to be written as in 2026-12-24T18:00")
    return local


def _asked(text: str, found: Zone, us: int) -> Asked:
    try:
        return Asked(from_us(us).astimezone(found.info).replace(tzinfo=None, fold=0), us)
    except (OverflowError, ValueError):  # beyond what a datetime can say, in UTC or in the zone
        reason = f"in UTC or in {found.key} it lies outside the years 1 to 9999"
        raise InvalidScheduleError(text, reason) from None


def passes(asked: Asked, timezone: str) -> tuple[int, ...]:
    """Return the instants that show the same reading of the clock."""
    return instants(asked.local, zone(timezone), "skip", "both")


def gap_around(asked: Asked, timezone: str) -> Segment | None:
    """Return the segment before which the clocks skip this reading."""
    found = zone(timezone)
    second = asked.second - _AROUND
    while second <= asked.second + _AROUND:
        segment = found.at(second)
        if _before(found, segment) <= asked.second < segment.start + segment.offset:
            return segment
        second = segment.end
    return None


def gap_words(asked: Asked, segment: Segment, timezone: str) -> str:
    """Return what the clocks do instead of showing the reading."""
    skipped, shown = _reading(_before(zone(timezone), segment)), _reading(segment.start + segment.offset)
    until = f"{shown:%H:%M}" if shown.date() == skipped.date() else f"{shown:%Y-%m-%d %H:%M}"
    return (
        f"{asked.local:%Y-%m-%d %H:%M} does not exist in {timezone}: "
        f"at {iso(segment.start * SECOND)} the clocks go from {skipped:%Y-%m-%d %H:%M} to {until}"
    )


def gap_length(segment: Segment, timezone: str) -> int:
    """Return the seconds that the clocks skip before a segment."""
    return segment.start + segment.offset - _before(zone(timezone), segment)


def _before(found: Zone, segment: Segment) -> int:
    """Return the reading at which the former segment ends."""
    return segment.start + found.at(segment.start - 1).offset


def _reading(local: int) -> datetime:
    return from_us(local * SECOND)
