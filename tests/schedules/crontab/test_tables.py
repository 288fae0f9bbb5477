"""The tables of days and of times of day, against the calendar and a plain list."""

from datetime import date, timedelta

import pytest

from beatd.schedules.crontab.day_table import civil, day_table, month_length, new_year, weekday_of
from beatd.schedules.crontab.days import MonthDays
from beatd.schedules.crontab.time_table import DAY, time_table

EPOCH = date(1970, 1, 1)


def test_civil_is_the_calendar():
    for day in range(-719_000, 2_900_000, 997):
        when = EPOCH + timedelta(days=day)
        assert civil(day) == (when.year, when.month, when.day)


def test_years_begin_and_weekdays_follow_as_in_the_calendar():
    for year in range(1, 9999, 7):
        when = date(year, 1, 1)
        assert new_year(year) == (when - EPOCH).days
        assert weekday_of(new_year(year)) == when.isoweekday() % 7


def test_months_have_their_lengths():
    assert [month_length(2100, 2), month_length(2000, 2), month_length(2024, 2), month_length(2025, 2)] == [
        28,
        29,
        29,
        28,
    ]


@pytest.mark.parametrize("both", [True, False])
def test_days_are_found_counted_and_skipped_as_in_the_calendar(both):
    dates, months, weekdays = {13, 29}, {2, 5, 12}, {1, 5}
    by_date, in_months, by_week = (sum(1 << number for number in each) for each in (dates, months, weekdays))
    table = day_table(MonthDays(by_date, (), by_week, (), both), in_months)
    start, stop = -3_000, 40_000
    wanted = []
    for day in range(start, stop):
        when = EPOCH + timedelta(days=day)
        by_date, by_week = when.day in dates, when.isoweekday() % 7 in weekdays
        if when.month in months and ((by_date and by_week) if both else (by_date or by_week)):
            wanted.append(day)
    found, day = [], table.next(start)
    while day is not None and day < stop:
        found.append(day)
        day = table.next(day + 1)
    assert found == wanted
    assert table.count(start, stop) == len(wanted)
    assert table.last(wanted[100] - 1) == wanted[99]
    assert table.last(wanted[100]) == wanted[100]


def test_days_are_found_in_the_years_given_and_nowhere_else():
    years = {1970, 2031, 2096}
    table = day_table(MonthDays(1 << 29, (), 127, (), both=True), 1 << 2 | 1 << 3, sum(1 << year for year in years))
    wanted = [(date(year, month, 29) - EPOCH).days for year, month in ((1970, 3), (2031, 3), (2096, 2), (2096, 3))]
    assert table.count(-1_000_000, 1_000_000) == len(wanted)
    assert table.next(wanted[0]) == wanted[0]
    assert table.next(wanted[1] - 10_000) == wanted[1]
    assert table.next(wanted[2] - 10_000) == wanted[2]
    assert table.next(wanted[3] + 1) is None
    assert table.last(wanted[3] + 10_000) == wanted[3]
    assert table.last(wanted[2]) == wanted[2]
    assert table.last(wanted[0] - 1) is None


def test_a_table_forgets_eras_and_finds_the_same():
    table = day_table(MonthDays(1 << 29, (), 127, (), both=True), 1 << 2)
    days = range(-700_000, 2_900_000, 2_047)
    assert [table.next(day) for day in days] == [table.next(day) for day in days]
    assert all(civil(table.next(day))[1:] == (2, 29) for day in days)


def test_times_of_day_are_found_counted_and_skipped_as_in_a_list():
    seconds, minutes, hours = {0, 7, 59}, {0, 30, 59}, {0, 11, 23}
    table = time_table(*(sum(1 << number for number in each) for each in (seconds, minutes, hours)))
    wanted = sorted(hour * 3600 + minute * 60 + second for hour in hours for minute in minutes for second in seconds)
    assert (table.first, table.last_one, table.per_day) == (wanted[0], wanted[-1], len(wanted))
    for second in range(0, DAY, 1):
        if second % 3600 in (0, 1, 7, 8, 1800, 1807, 3539, 3540, 3599) or second % 1009 == 0:
            assert min(table.next(second), DAY) == next((each for each in wanted if each >= second), DAY)
            assert table.last(second) == next((each for each in reversed(wanted) if each <= second), -1)
            assert table.before(second) == sum(each < second for each in wanted)
