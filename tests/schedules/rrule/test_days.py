"""Days of a year against their definitions, read from the calendar of the standard library."""

from calendar import monthrange
from datetime import date, timedelta

import pytest

from beatd.schedules.rrule.days import YearDays, new_year
from beatd.schedules.rrule.parts import WEEKDAYS
from beatd.schedules.rrule.reader import read_parts

YEARS = [*range(1995, 2032), 1900, 2000, 2100, 1, 9999]


def _days(text, year, start=date(1970, 1, 1)):
    rule = read_parts([text], text)
    found = YearDays(rule, (start - date(1970, 1, 1)).days * 86_400).year(year)
    assert found.first == date(year, 1, 1).toordinal() - date(1970, 1, 1).toordinal()
    return [date(year, 1, 1) + timedelta(days=place) for place, day in enumerate(found.days) if day]


def _year(year):
    first = date(year, 1, 1).toordinal()
    return [date.fromordinal(first + place) for place in range((date(year, 12, 31).toordinal() - first) + 1)]


@pytest.mark.parametrize("weeks", ["1", "2,20", "51", "52", "53", "-1", "-2,-30", "-52", "-53"])
def test_weeks_are_those_of_iso_8601_also_at_both_ends_of_a_year(weeks):
    wanted = {int(week) for week in weeks.split(",")}
    for year in range(1995, 2100):
        found = []
        for day in _year(year):
            owner, week, _ = day.isocalendar()
            last = date(owner, 12, 28).isocalendar().week
            if week in wanted or week - last - 1 in wanted:
                found.append(day)
        assert _days(f"FREQ=YEARLY;BYWEEKNO={weeks}", year) == found


@pytest.mark.parametrize("wkst", range(7))
def test_a_week_that_starts_on_another_day_is_moved_as_a_whole(wkst):
    for year in range(1995, 2030):
        found = []
        for day in _year(year):
            middle = day - timedelta(days=(day.weekday() - wkst) % 7 - 3)
            if (middle.timetuple().tm_yday - 1) // 7 + 1 in (1, 53):
                found.append(day)
        assert _days(f"FREQ=YEARLY;BYWEEKNO=1,53;WKST={WEEKDAYS[wkst]}", year) == found


@pytest.mark.parametrize("year", YEARS)
def test_days_with_and_without_a_number_stand_side_by_side(year):
    wanted = []
    for day in _year(year):
        last_week = day.day > monthrange(year, day.month)[1] - 7
        if day.weekday() == 0 or (day.weekday() == 4 and day.day <= 7) or (day.weekday() == 6 and last_week):
            wanted.append(day)
    assert _days("FREQ=MONTHLY;BYDAY=MO,1FR,-1SU", year) == wanted
    assert _days("FREQ=YEARLY;BYMONTH=2,5;BYDAY=MO,1FR,-1SU", year) == [day for day in wanted if day.month in (2, 5)]


@pytest.mark.parametrize("year", YEARS)
def test_numbers_from_the_end_count_from_the_end(year):
    days = _year(year)
    assert _days("FREQ=YEARLY;BYYEARDAY=1,-1,-366", year) == [days[0], days[-1]]
    assert _days("FREQ=YEARLY;BYYEARDAY=366", year) == days[365:]
    assert _days("FREQ=MONTHLY;BYMONTHDAY=-31", year) == [day for day in days if day.day == 1 and _is_31(day)]
    assert _days("FREQ=YEARLY;BYDAY=-1MO,1TU", year) == sorted(
        [[day for day in days if day.weekday() == 0][-1], next(day for day in days if day.weekday() == 1)]
    )


def _is_31(day):
    return day.month in (1, 3, 5, 7, 8, 10, 12)


def test_easter_is_that_of_the_western_churches():
    # Easter Sundays as the U.S. Census Bureau's table of dates of Easter gives them.
    assert _days("FREQ=YEARLY;BYEASTER=0", 2024) == [date(2024, 3, 31)]
    assert _days("FREQ=YEARLY;BYEASTER=-2,1", 2025) == [date(2025, 4, 18), date(2025, 4, 21)]
    assert _days("FREQ=YEARLY;BYEASTER=0", 2026) == [date(2026, 4, 5)]
    assert _days("FREQ=YEARLY;BYEASTER=0", 1500) == []


def test_an_interval_counts_years_months_and_weeks_from_the_start():
    start = date(2024, 2, 29)
    assert _days("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", 2028, start) == [date(2028, 2, 29)]
    assert _days("FREQ=YEARLY;INTERVAL=3;BYMONTH=2;BYMONTHDAY=29", 2028, start) == []
    assert [day.month for day in _days("FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=1", 2025, start)] == [5, 10]
    weeks = _days("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", 2024, start)
    assert weeks[:2] == [date(2024, 1, 7), date(2024, 1, 21)]
    assert date(2024, 3, 3) in weeks
    assert date(2024, 3, 3) not in _days("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU", 2024, start)


def test_years_begin_where_the_calendar_says():
    assert [new_year(year) for year in (1970, 1971, 1, 10_000)] == [0, 365, -719_162, 2_932_897]
