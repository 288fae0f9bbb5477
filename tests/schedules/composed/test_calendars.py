import sys
from datetime import date

import pytest

from beatd.schedules.composition.calendars import Calendar, CalendarError, calendar_document, read_calendar
from beatd.schedules.composition.closing import ClosedDays
from beatd.schedules.composition.public_holidays import public_holidays


def _day(text):
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def _closed(mapping, *days):
    closed = ClosedDays((read_calendar("office", mapping),))
    return [closed.has(_day(day)) for day in days]


def test_weekly_days_and_dates_are_closed_and_open_days_are_not():
    mapping = {
        "closed": ["sat", "sun"],
        "dates": ["2026-12-24", "2026-12-28..2026-12-31"],
        "open": ["2026-12-19", "2026-12-30"],
    }
    days = ["2026-12-18", "2026-12-19", "2026-12-20", "2026-12-24", "2026-12-28", "2026-12-30", "2026-12-31"]
    assert _closed(mapping, *days) == [False, False, True, True, True, False, True]


def test_public_holidays_of_a_country_and_of_a_region():
    assert _closed({"country": "DE"}, "2026-01-01", "2026-03-08", "2026-12-25") == [True, False, True]
    assert _closed({"country": "de", "region": "BE"}, "2026-03-08") == [True]  # Women's Day, in Berlin since 2019


def test_the_day_off_for_a_holiday_on_a_weekend_is_closed_too():
    # 4 July 2026 is a Saturday; observed on Friday. 1 January 2028 is one too, observed in the year before.
    assert _closed({"country": "US"}, "2026-07-03", "2026-07-04", "2027-12-31") == [True, True, True]


def test_years_without_known_holidays_have_none():
    assert public_holidays("DE", None, 10_000) == frozenset()
    assert public_holidays("DE", None, 1) == frozenset()
    assert not public_holidays("US", None, 9999) - {_day("9999-12-31")}


def test_a_calendar_is_read_back_from_its_document():
    calendar = read_calendar(
        "Berlin office",
        {
            "country": "de",
            "region": "BE",
            "closed": ["sun", "SAT"],
            "dates": [date(2026, 12, 24), "2026-12-25..2026-12-26", "2026-01-02"],
            "open": ["2026-12-26"],
            "description": "Friedrichstraße",
        },
    )
    document = calendar_document(calendar)
    assert document == {
        "country": "DE",
        "region": "BE",
        "closed": ["sat", "sun"],
        "dates": ["2026-01-02", "2026-12-24..2026-12-26"],
        "open": ["2026-12-26"],
        "description": "Friedrichstraße",
    }
    assert read_calendar("Berlin office", document) == calendar
    assert hash(read_calendar("Berlin office", document)) == hash(calendar)
    assert str(calendar) == "calendar Berlin office"
    assert calendar_document(Calendar("bare", closed=(0,))) == {"closed": ["sun"]}


@pytest.mark.parametrize(
    ("mapping", "key", "said"),
    [
        ({"closd": ["sat"]}, "closd", "did you mean 'closed'?"),
        ({"country": "Germany"}, "country", "did you mean 'DE'"),
        ({"country": "UK"}, "country", "did you mean 'GB'"),
        ({"country": "QQ"}, "country", "ISO 3166"),
        ({"country": 49}, "country", "is a text"),
        ({"country": "DE", "region": "Berlin"}, "region", "did you mean 'BE'"),
        ({"country": "DE", "region": "XX"}, "region", "known: BB, BE"),
        ({"region": "BE"}, "region", "needs its country"),
        ({"closed": "sat"}, "closed", "is a list"),
        ({"closed": ["someday"]}, "closed", "not a day of the week"),
        ({"closed": [6]}, "closed", "not a day of the week"),
        ({"closed": ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]}, "closed", "it would never open"),
        ({"dates": ["2026-02-30"]}, "dates", "day is out of range"),
        ({"dates": ["24.12.2026"]}, "dates", "write it as in '2026-12-24'"),
        ({"dates": ["2026-12-31..2026-12-24"]}, "dates", "ends before it begins"),
        ({"dates": [20261224]}, "dates", "is not a date"),
        ({"dates": ["٢٠٢٦-12-24"]}, "dates", "is not a date"),
        ({"dates": "2026-12-24"}, "dates", "is a list"),
        ({"closed": ["sat"], "open": [None]}, "open", "is not a date"),
        ({"description": "nothing"}, "", "it closes nothing"),
        ({}, "", "it closes nothing"),
        (["sat"], "", "a calendar is a table"),
    ],
)
def test_a_wrong_calendar_is_refused_with_its_key(mapping, key, said):
    with pytest.raises(CalendarError) as caught:
        read_calendar("office", mapping)
    assert caught.value.key == key
    assert said in str(caught.value)
    assert "'office'" in str(caught.value)


@pytest.mark.parametrize("name", ["", "a|b", " office", "two  spaces", "x" * 101, "line\nfeed", None, 5])
def test_a_wrong_name_is_refused(name):
    with pytest.raises(CalendarError, match="a name has 1 to 100 printable characters"):
        read_calendar(name, {"closed": ["sun"]})


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "holidays", None)
    monkeypatch.setitem(sys.modules, "holidays.registry", None)
    with pytest.raises(CalendarError, match=r'pip install "beatd\[holidays\]"'):
        read_calendar("office", {"country": "DE"})
    public_holidays.cache_clear()
    with pytest.raises(ValueError, match=r'pip install "beatd\[holidays\]"'):
        public_holidays("DE", None, 2026)


def test_closed_and_open_days_are_found_across_the_years():
    closed = ClosedDays(((_day("2020-01-01"), _day("2040-12-31")),))
    assert closed.next(_day("2025-01-01"), within=False) == _day("2041-01-01")
    assert closed.last(_day("2025-01-01"), within=False) == _day("2019-12-31")
    assert closed.next(_day("2010-01-01")) == _day("2020-01-01")
    assert closed.last(_day("2050-01-01")) == _day("2040-12-31")
    assert closed.count(_day("2019-12-01"), _day("2021-01-01")) == 366
    assert closed.next(_day("2100-01-01")) is None
    assert closed.last(_day("1900-01-01")) is None
