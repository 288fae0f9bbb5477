"""Terms are checked once, where a schedule is put under them."""

from typing import Literal

from beatd.errors import InvalidScheduleError
from beatd.schedules.zones import Zone, zone

GAPS = ("shift", "skip")
FOLDS = ("first", "second", "both")
BusinessDays = Literal["next", "previous", "skip"]


def checked_zone(text: str, timezone: str, gap: str | None = None, fold: str | None = None) -> Zone:
    """Return the zone. Raises InvalidScheduleError for an unknown zone, gap or fold."""
    if gap is not None and gap not in GAPS:
        raise InvalidScheduleError(text, f"gap must be 'shift' or 'skip', not {gap!r}")
    if fold is not None and fold not in FOLDS:
        raise InvalidScheduleError(text, f"fold must be 'first', 'second' or 'both', not {fold!r}")
    try:
        return zone(timezone)
    except ValueError as error:
        raise InvalidScheduleError(text, str(error)) from None
