"""Moments at the public edge are aware datetimes; inside they are integer microseconds since the epoch."""

from datetime import UTC, datetime, timedelta

SECOND = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = -62_135_596_800 * SECOND
LAST = 253_402_300_799 * SECOND
_MICROSECOND = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Return microseconds since the epoch. Raises ValueError for a datetime without zone."""
    if moment.tzinfo is None:
        msg = f"a datetime needs a time zone: {moment!r}"
        raise ValueError(msg)
    return (moment - EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Return the aware UTC datetime of these microseconds since the epoch."""
    return EPOCH + timedelta(microseconds=microseconds)


def iso(microseconds: int) -> str:
    """Return ISO 8601 in UTC with ``Z``, with a fraction only where there is one."""
    return from_us(microseconds).isoformat().replace("+00:00", "Z")
