"""Moments at the public edge are aware datetimes; inside they are integers since the epoch, microseconds or seconds.

Every question to a schedule passes here twice. The plain formulas, ``(moment - EPOCH) // timedelta(microseconds=1)``
and ``EPOCH + timedelta(microseconds=number)``, give the same to the microsecond and take 0.3 µs more both ways.
"""

from datetime import UTC, datetime, timedelta

SECOND = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = -62_135_596_800 * SECOND
LAST = 253_402_300_799 * SECOND
_from_timestamp = datetime.fromtimestamp


def to_us(moment: datetime) -> int:
    """Return microseconds since the epoch. Raises ValueError for a datetime without zone."""
    try:
        since = moment - EPOCH
    except TypeError:
        raise _no_zone(moment) from None
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def to_seconds(moment: datetime) -> int:
    """Return seconds since the epoch, rounded down. Raises ValueError for a datetime without zone."""
    try:
        since = moment - EPOCH
    except TypeError:
        raise _no_zone(moment) from None
    return since.days * 86_400 + since.seconds


def _no_zone(moment: object) -> ValueError:
    return ValueError(f"a datetime needs a time zone: {moment!r}")


def from_us(microseconds: int) -> datetime:
    """Return the aware UTC datetime of these microseconds since the epoch."""
    seconds, rest = divmod(microseconds, SECOND)
    return from_seconds(seconds) + timedelta(0, 0, rest) if rest else from_seconds(seconds)


def from_seconds(seconds: int) -> datetime:
    """Return the aware UTC datetime of these seconds since the epoch."""
    # Without a float on the way, since the number is an integer; below 0 it is refused on Windows.
    return _from_timestamp(seconds, UTC) if seconds >= 0 else EPOCH + timedelta(0, seconds)


def iso(microseconds: int) -> str:
    """Return ISO 8601 in UTC with ``Z``, with a fraction only where there is one."""
    return from_us(microseconds).isoformat().replace("+00:00", "Z")
