"""What is said where no further fire is found: never, or only not as far as the search goes."""

from datetime import datetime

import pytest

from beatd.core.calendars import NO_CALENDARS
from beatd.core.compiling import schedule_of
from beatd.core.fields import decode_entry
from beatd.schedules import Terms
from beatd.schedules.english import Ending, Subject, ending
from beatd.schedules.moments import to_us

SINCE = to_us(datetime.fromisoformat("2026-11-21T12:00Z"))
YEARS = "dates 2000-01-01..2075-12-30"


def found(text, **fields):
    raw = {"schedule": text, "task": "a.b", **fields}
    entry = decode_entry("x", raw, {}, timezone="UTC", queue="q", calendars=NO_CALENDARS)
    assert schedule_of(entry).next_us(SINCE) is None
    subject = Subject(
        text=entry.schedule,
        terms=Terms(name="x", starts_at=entry.starts_at),
        exclude=entry.exclude,
        business_days=entry.business_days,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
    )
    return ending(subject, SINCE)


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("at 2020-01-01T12:00", {}),
        ("0 8 * * *", {"ends_at": "2026-11-01T00:00"}),
        ("0 8 * * *", {"exclude": YEARS, "ends_at": "2030-01-01T00:00"}),
        ("0 0 8 * * * 2020-2025", {}),
        ("0 0 8 * * * 1999-2030", {"exclude": YEARS}),
        ("at 1999-01-01T12:00 | at 2027-01-01T12:00", {"exclude": YEARS}),
        ("rrule DTSTART=20260101T080000;FREQ=DAILY;COUNT=3", {}),
        ("rrule FREQ=DAILY;UNTIL=20300101T000000", {"exclude": YEARS}),
        ("at 2020-01-01T12:00 | 0 0 8 * * * 2025", {}),
        ("every 5m", {"ends_at": "2020-01-01T00:00"}),
    ],
)
def test_what_is_over_is_said_to_be_over(text, fields):
    assert found(text, **fields) is Ending.NEVER


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("0 8 * * *", {"exclude": YEARS}),
        ("every 1h", {"exclude": YEARS}),
        ("rrule FREQ=DAILY", {"exclude": YEARS}),
        ("at 2020-01-01T12:00 | 0 8 * * *", {"exclude": YEARS}),
        ("0 8 * * *", {"exclude": YEARS, "business_days": "skip"}),
        ("0 8 * * *", {"exclude": YEARS, "ends_at": "2080-01-01T00:00"}),
    ],
)
def test_what_may_fire_beyond_the_search_is_not_said_to_be_over(text, fields):
    assert found(text, **fields) is Ending.FAR


def test_a_search_that_gives_up_is_said_to_have_done_so():
    assert found("every 1h", exclude="dates 2026-01-01..2080-01-01", business_days="next") is Ending.GIVEN_UP
