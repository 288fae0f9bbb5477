"""The mixed list of expressions and zones that every library is asked about, and what each fire is worth."""

from datetime import UTC, datetime
from typing import NamedTuple

START = datetime(2026, 1, 1, tzinfo=UTC)
"""Where every walk begins."""


class Case(NamedTuple):
    """An expression, its zone, and how many fires are walked."""

    kind: str
    text: str
    zone: str
    fires: int = 200


CASES = (
    Case("minutes", "* * * * *", "UTC"),
    Case("minutes", "*/5 * * * *", "Europe/Paris"),
    Case("minutes", "*/15 9-17 * * mon-fri", "America/New_York"),
    Case("hours", "0 * * * *", "Australia/Lord_Howe"),
    Case("hours", "30 */6 * * *", "Asia/Kolkata"),
    Case("hours", "15 6,18 * * *", "America/Sao_Paulo"),
    Case("weekdays", "0 8 * * mon-fri", "Europe/Paris"),
    Case("weekdays", "45 17 * * fri", "America/New_York"),
    Case("day of month", "0 9 1 * *", "Asia/Kolkata"),
    Case("day of month", "30 12 1,15 * *", "America/Sao_Paulo"),
    Case("day of month", "0 12 31 * *", "UTC"),
    Case("29 February", "0 12 29 2 *", "Europe/Paris", fires=12),
    Case("29 February", "0 12 29 2 *", "Australia/Lord_Howe", fires=12),
    Case("seconds", "*/10 * * * * *", "UTC"),
    Case("seconds", "15 */5 * * * *", "Europe/Paris"),
)

LEAP_FRIDAY = "0 0 29 2 &fri"
"""29 February on a Friday: 28 years away, or 40 where a century without a leap day lies between."""

ALL_BUT_ONE_DAY = "* * * jan-nov * | * * 1-30 dec *"

RAREST = (
    (LEAP_FRIDAY, None, "UTC"),
    (LEAP_FRIDAY, None, "Europe/Paris"),
    (LEAP_FRIDAY, None, "Australia/Lord_Howe"),
    ("0 12 * * *", ALL_BUT_ONE_DAY, "Europe/Paris"),
    ("* * * * *", "* 0-22 * * * | 0-58 * * * * | " + ALL_BUT_ONE_DAY, "Europe/Paris"),
)
"""Text, exclusion and zone of what fires seldom; the last two have one day, or one minute, a year left."""
