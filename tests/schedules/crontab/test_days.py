"""The days that L, W and # name, against the calendar of the standard library."""

from calendar import monthrange
from datetime import date, timedelta

import pytest

from beatd.schedules.crontab.day_table import day_table
from beatd.schedules.crontab.days import MonthDays
from beatd.schedules.crontab.rule import read_crontab

EPOCH = date(1970, 1, 1)
SATURDAY = 5  # as date.weekday counts


def days_of(year, month):
    return [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]


def last(days, back=0):
    return {days[-1 - back]} if back < len(days) else set()


def nearest(days, number):
    """Return the weekday of the same month nearest to this day, a Friday before a Monday."""
    if number > len(days):
        return set()
    open_days = [day for day in days if day.weekday() < SATURDAY]
    return {min(open_days, key=lambda day: (abs(day.day - number), day))}


def nth(days, weekday, which):
    """Return that one of the weekdays (0 Sunday); -1 is the last."""
    found = [day for day in days if day.isoweekday() % 7 == weekday]
    return {found[which]} if which < len(found) else set()


def dates(days, *numbers):
    return {day for day in days if day.day in numbers}


RULES = {
    "L * *": last,
    "L-2 * *": lambda days: last(days, 2),
    "L-28 * *": lambda days: last(days, 28),
    "L-30 * *": lambda days: last(days, 30),
    "LW * *": lambda days: nearest(days, len(days)),
    "1W * *": lambda days: nearest(days, 1),
    "2W * *": lambda days: nearest(days, 2),
    "15W * *": lambda days: nearest(days, 15),
    "30W * *": lambda days: nearest(days, 30),
    "31W * *": lambda days: nearest(days, 31),
    "1,15,L * *": lambda days: dates(days, 1, 15) | last(days),
    "5W,LW,L-3 * *": lambda days: nearest(days, 5) | nearest(days, len(days)) | last(days, 3),
    "* * friL": lambda days: nth(days, 5, -1),
    "? * 7L": lambda days: nth(days, 0, -1),
    "* * fri#2": lambda days: nth(days, 5, 1),
    "? * 5#5": lambda days: nth(days, 5, 4),
    "* * sun#1,mon#1,satL": lambda days: nth(days, 0, 0) | nth(days, 1, 0) | nth(days, 6, -1),
    "* * tue,thu#3": lambda days: {day for day in days if day.weekday() == 1} | nth(days, 4, 2),
    "L * friL": lambda days: last(days) | nth(days, 5, -1),
    "L * &friL": lambda days: last(days) & nth(days, 5, -1),
    "13 * &fri#2": lambda days: dates(days, 13) & nth(days, 5, 1),
    "*/2 * mon#1": lambda days: dates(days, *range(1, 32, 2)) & nth(days, 1, 0),
    "L 2,4 *": lambda days: last(days) if days[0].month in (2, 4) else set(),
}


@pytest.mark.parametrize("text", RULES)
def test_the_days_are_those_of_the_calendar(text):
    rule = read_crontab(["0", "8", *text.split()], text)
    wanted = [
        (day - EPOCH).days
        for year in range(1999, 2041)
        for month in range(1, 13)
        for day in sorted(RULES[text](days_of(year, month)))
    ]
    table = day_table(rule.days, rule.month.mask)
    found, day, stop = [], (date(1999, 1, 1) - EPOCH).days, (date(2041, 1, 1) - EPOCH).days
    while (day := table.next(day)) is not None and day < stop:
        found.append(day)
        day += 1
    assert found == wanted
    assert table.count((date(1999, 1, 1) - EPOCH).days, stop) == len(wanted)


@pytest.mark.parametrize(
    ("text", "months", "years", "ever"),
    [
        ("29 2 *", [2], None, True),
        ("30 2 *", [2], None, False),
        ("29 2 *", [2], [2025, 2026, 2027], False),
        ("29 2 *", [2], [2025, 2028], True),
        ("29 2 &fri", [2], [2028, 2032], False),
        ("29 2 &fri", [2], [2036], True),
        ("? 2 fri#5", [2], None, True),
        ("? 2 fri#5", [2], [2028], False),
        ("31W 4 *", [4], None, False),
        ("L-29 2 *", [2], None, False),
        ("13 1 &fri", [1], [2025], False),
        ("13 1-12 &fri", range(1, 13), [2025], True),
    ],
)
def test_whether_there_is_ever_such_a_day_is_decided_exactly(text, months, years, ever):
    date_word, _, week_word = text.split()
    rule = read_crontab(["0", "8", date_word, "*", week_word], text)
    in_years = None if years is None else sum(1 << year for year in years)
    assert rule.days.ever(sum(1 << month for month in months), in_years) is ever


@pytest.mark.parametrize("year", [2024, 2025, 2096, 2099])
def test_that_there_is_such_a_day_is_what_the_calendar_says(year):
    for number in range(1, 32):
        for weekday in range(7):
            days = MonthDays(1 << number, (), 1 << weekday, (), both=True)
            every_day = [date(year, 1, 1) + timedelta(days=day) for day in range(monthrange(year, 2)[1] + 337)]
            there = any(day.day == number and day.isoweekday() % 7 == weekday for day in every_day)
            assert days.ever(0b1111111111110, 1 << year) is there
