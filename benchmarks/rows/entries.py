"""The rows: a million on a thousand distinct rules in twenty zones, none of which is due within the next hours.

So what a scheduler does at rest is what it does for having them.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from beatd.schedules.moments import from_us
from beatd.wiring.drivers import CLOCK

RULES = 1_000
ZONES = (
    *("UTC", "Europe/Paris", "Europe/London", "Europe/Istanbul", "Africa/Cairo", "Africa/Lagos", "Asia/Kolkata"),
    *("Asia/Kathmandu", "Asia/Tokyo", "Asia/Shanghai", "Asia/Tehran", "Australia/Lord_Howe", "Australia/Sydney"),
    *("Pacific/Auckland", "Pacific/Apia", "America/New_York", "America/Chicago", "America/Los_Angeles"),
    *("America/Sao_Paulo", "America/St_Johns"),
)
REST = timedelta(hours=3)
TOLD = "2026-01-01T00:00:00.000000Z"
"""What stands in ``next_fire_at``, as in a table that a scheduler has told of before."""

NEVER = "7 7 29 2 *"
"""Once in four years: what a row is set to that is to be silent."""


class Row(NamedTuple):
    """The columns that are given; all else has its default."""

    name: str
    schedule: str
    timezone: str | None = None
    queue: str | None = None
    args: str = "[]"
    kwargs: str = "{}"
    task: str = "app.report"
    next_fire_at: str | None = None


def now() -> datetime:
    """Return the real time."""
    return from_us(CLOCK.now())


def rules(at: datetime) -> list[tuple[str, str]]:
    """Return the rules, each with its zone: one for each minute from three hours from now on."""
    found = []
    for number in range(RULES):
        zone = ZONES[number % len(ZONES)]
        local = (at + REST + timedelta(minutes=number)).astimezone(ZoneInfo(zone))
        days = ("* * *", "* * mon-fri", f"{number % 28 + 1} * *", "* * sun")[number % 4]
        found.append((f"{local.minute} {local.hour} {days}", zone))
    assert len({*found}) == RULES
    return found


def customers(count: int) -> Iterator[Row]:
    """Yield so many rows on these rules in turn, each with arguments of its own."""
    known = rules(now())
    for number in range(count):
        schedule, zone = known[number % RULES]
        call = (f"[{number}]", json.dumps({"customer": number}))
        yield Row(f"customer-{number:07}", schedule, zone, None, *call, next_fire_at=TOLD)


def herd(count: int, moment: datetime, name: str) -> Iterator[Row]:
    """Yield so many rows that are due at one moment, once a year."""
    at = moment.astimezone(UTC)
    schedule = f"{at.second} " * bool(at.second) + f"{at.minute} {at.hour} {at.day} {at.month} *"
    for number in range(count):
        yield Row(f"{name}-{number:06}", schedule, args=f"[{number}]", next_fire_at=TOLD)


def ticks(count: int) -> Iterator[Row]:
    """Yield so many rows that fire each second, spread over it, into a queue of their own."""
    for number in range(count):
        yield Row(f"tick-{number:04}", f"every 1s offset {number * 1000 // count}ms", queue="ticks")
