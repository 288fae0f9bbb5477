"""Recurrence rules as RFC 5545 writes them."""

from beatd.errors import InvalidScheduleError
from beatd.schedules.base import Schedule


def read_rrule(words: list[str], text: str) -> Schedule:
    """Return the schedule of the parts after ``rrule``. Raises InvalidScheduleError quoting ``text``."""
    raise InvalidScheduleError(text, f"rrule is not in this version ({len(words)} words)")
