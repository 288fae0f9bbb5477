"""The tables of days and of times of day, against the calendar and a plain list."""

from datetime import date, timedelta

import pytest

from beatd.schedules.days import civil, day_table, month_length
from beatd.schedules.times import DAY, time_table

EPOCH = date(1970, 1, 1)


def test_civil_is_the_calendar():
    for day in range(-719_000, 2_900_000, 997):
        when = EPOCH + timedelta(days=day)
        assert civil(day) == (when.year, when.month, when.day)


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
    table = day_table(*(sum(1 << number for number in each) for each in (dates, months, weekdays)), both=both)
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
