from typing import Any

import pytest

from beatd.core.calendars import read_calendars
from beatd.core.entry import OWNERSHIP, Entry
from beatd.core.fields import compile_entry, decode_entry
from beatd.schedules.composition.calendars import CalendarError


def say(name: str, error: CalendarError) -> str:
    return f"at {name}.{error.key}: {error.reason}"


def entry(table: dict[str, Any], **raw: Any) -> Entry:
    calendars = read_calendars({"office": table}, say)
    given = {"schedule": "0 8 * * *", "task": "t", "exclude": "calendar office", **raw}
    return decode_entry("e", given, {}, timezone="UTC", queue="q", calendars=calendars)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (["sat"], "at office.: a calendar is a table"),
        ({}, "at office.: it closes nothing"),
        ({"close": ["sat"]}, "at office.close: unknown key"),
        ({"closed": "sat"}, "at office.closed: is a list"),
        ({"closed": ["satur"]}, "at office.closed: 'satur' is not a day of the week"),
        ({"dates": ["24.12.2026"]}, "at office.dates: '24.12.2026' is not a date"),
        ({"dates": ["2026-12-31..2026-12-24"]}, "at office.dates: "),
        ({"closed": ["sat"], "open": [5]}, "at office.open: 5 is not a date"),
        ({"country": "XX"}, "at office.country: "),
        ({"country": 49}, "at office.country: is a text"),
        ({"country": "DE", "region": "XX"}, "at office.region: "),
        ({"region": "BE"}, "at office.region: 'BE' needs its country"),
        ({"closed": ["sat"], "description": 5}, "at office.description: is a text"),
    ],
)
def test_a_calendar_that_cannot_be_used_is_kept_with_the_reason(table: Any, says: str) -> None:
    found = read_calendars({"office": table, "good": {"closed": ["sat"]}}, say)
    assert list(found.good) == ["good"]
    assert found.broken["office"].startswith(says)


def test_an_edit_of_a_calendar_is_an_edit_of_the_entries_that_name_it() -> None:
    former, latter = entry({"closed": ["sat"]}), entry({"closed": ["sat", "sun"]})
    assert "calendars" in OWNERSHIP
    assert former != latter
    assert compile_entry(former) is not compile_entry(latter)


def test_a_calendar_in_other_words_is_no_edit() -> None:
    former = entry({"closed": ["sat", "sun"], "dates": ["2026-12-24", "2026-12-25"]})
    latter = entry({"closed": ["sun", "sat"], "dates": ["2026-12-24..2026-12-25"], "description": "told now"})
    assert former == latter
    assert former.plan is latter.plan


def test_a_calendar_whose_name_has_spaces_is_found() -> None:
    calendars = read_calendars({"black friday": {"dates": ["2026-11-27"]}}, say)
    raw = {"schedule": "@daily", "task": "t", "exclude": "dates 2026-01-01 | calendar  black friday"}
    made = decode_entry("e", raw, {}, timezone="UTC", queue="q", calendars=calendars)
    assert made.calendars == {"black friday": {"dates": ["2026-11-27"]}}
