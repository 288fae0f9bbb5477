"""The engine against a brute-force walk of the clock, around the changes of zones where it hurts."""

import random
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from beatd.schedules import Terms, parse
from tests.schedules.expressions import crontab
from tests.schedules.oracle import Rule
from tests.schedules.possible import possible
from tests.schedules.walk import Walk, offset, utc

CHANGES = [
    ("Europe/Paris", "2026-03-29T01:00"),
    ("Europe/Paris", "2026-10-25T01:00"),
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("America/Sao_Paulo", "2018-11-04T03:00"),  # midnight does not exist
    ("America/Sao_Paulo", "2018-02-18T02:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),  # half an hour
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),  # a day skipped
    ("Pacific/Kwajalein", "1993-08-21T12:00"),  # another
    ("Africa/Casablanca", "2026-02-15T02:00"),
    ("Africa/Casablanca", "2026-03-22T02:00"),
    ("America/Havana", "2026-03-08T05:00"),
    ("America/Havana", "2026-11-01T05:00"),
    ("Asia/Beirut", "2026-03-28T22:00"),
    ("Asia/Beirut", "2026-10-24T21:00"),
    ("Antarctica/Troll", "2026-03-29T01:00"),  # two hours
    ("Antarctica/Troll", "2026-10-25T01:00"),
    ("America/Caracas", "2016-05-01T07:00"),
    ("Pacific/Kwajalein", "1969-09-30T13:00"),  # a fold of 23 hours
]
YEARS = [
    ("UTC", 2024),
    ("Europe/Paris", 2028),
    ("America/New_York", 2026),
    ("America/Sao_Paulo", 2018),
    ("Pacific/Apia", 2011),
    ("Africa/Casablanca", 2027),
]
AT_A_CHANGE, WITH_SECONDS, IN_A_YEAR = 800, 60, 550
QUICK = 12  # of so many cases, the quick tests take one
DAY = 86_400


def _terms(draw, timezone):
    gap = draw.choice([None, None, None, "shift", "skip"])
    fold = draw.choice([None, None, None, "first", "second", "both"])
    return Terms(timezone=timezone, gap=gap, fold=fold)


def _agree(draw, walk, text, terms, low, high):
    """Compare the engine with the walk from a random start in [low, high): forward, backward, counted, between."""
    schedule = parse(text, terms)
    wanted = [instant * 1_000_000 for instant in walk.fires(Rule(text), terms.gap, terms.fold)]
    begin, end = walk.start * 1_000_000, walk.stop * 1_000_000
    start = draw.randrange(low * 1_000_000, high * 1_000_000)
    if wanted and draw.random() < 0.2:
        start = draw.choice(wanted)
    where = f"{text!r} under {terms}, from {start} ({datetime.fromtimestamp(start / 1e6, UTC)})"
    ahead, behind = wanted[bisect_right(wanted, start) :], wanted[: bisect_left(wanted, start)]
    moment = start
    for fire in ahead[:40] if len(ahead) > 40 else [*ahead, None]:
        moment = schedule.next_us(moment)
        assert moment == fire or (fire is None and (moment is None or moment >= end)), where
    moment = start
    for fire in behind[:-41:-1] if len(behind) > 40 else [*behind[::-1], None]:
        moment = schedule.last_us(moment)
        assert moment == fire or (fire is None and (moment is None or moment < begin)), where
    until = draw.randrange(start, end)
    assert schedule.count_us(start, until) == bisect_right(ahead, until), where
    assert schedule.count_us(start, end - 1) == len(ahead), where
    assert list(islice(schedule.between_us(start, until), 40)) == ahead[: bisect_right(ahead, until)][:40], where


def _run(draw, walk, number, low, high, **form):
    """Judge so many random cases; those that can never fire are refused, and are not counted."""
    done = refused = 0
    while done < number:
        text = crontab(draw, **form)
        terms = _terms(draw, walk.timezone)
        if possible(parse, text, terms) is None:
            refused += 1
            continue
        _agree(draw, walk, text, terms, low, high)
        done += 1
    assert refused < number, "most of what was drawn should be worth judging"


def _around(timezone, change, number):
    middle = utc(change)
    walk = Walk(timezone, middle - 2 * DAY, middle + 2 * DAY)
    near = [datetime.fromtimestamp(middle + shift * DAY, UTC).day for shift in (-1, 0, 0, 1)]
    draw = random.Random(f"{timezone} {change} {number}")
    year = int(change[:4]) if change >= "1971" else None
    close, far = number // 2, number - number // 2
    _run(draw, walk, close, middle - DAY // 8, middle + DAY // 12, near=near, year=year)
    _run(draw, walk, far, middle - 3 * DAY // 2, middle + DAY, near=near, year=year)


def _with_seconds(timezone, change, number):
    middle, zone = utc(change), ZoneInfo(timezone)
    margin = DAY // 24 + abs(offset(zone, middle) - offset(zone, middle - 1))
    walk = Walk(timezone, middle - DAY // 8, middle + DAY // 8, step=1, margin=margin)
    near = [datetime.fromtimestamp(middle, UTC).day]
    draw = random.Random(f"{timezone} {change} {number} seconds")
    year = int(change[:4]) if change >= "1971" else None
    _run(draw, walk, number, middle - DAY // 12, middle + DAY // 12, near=near, year=year, seconds=True)


def _through(timezone, year, number):
    start = utc(f"{year}-01-01")
    walk = Walk(timezone, start, start + 400 * DAY)
    draw = random.Random(f"{timezone} {year} {number}")
    _run(draw, walk, number, start, start + 390 * DAY, year=year, sparse=True)


@pytest.mark.parametrize(("timezone", "change"), CHANGES)
def test_every_crontab_fires_when_a_walk_of_the_clock_says(timezone, change):
    _around(timezone, change, AT_A_CHANGE // QUICK)
    _with_seconds(timezone, change, WITH_SECONDS // QUICK)


@pytest.mark.slow
@pytest.mark.parametrize(("timezone", "change"), CHANGES)
def test_so_do_many_more(timezone, change):
    _around(timezone, change, AT_A_CHANGE)


@pytest.mark.slow
@pytest.mark.parametrize(("timezone", "change"), CHANGES)
def test_so_do_many_more_with_seconds(timezone, change):
    _with_seconds(timezone, change, WITH_SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize(("timezone", "year"), YEARS)
def test_so_does_every_rule_of_days_through_a_year(timezone, year):
    _through(timezone, year, IN_A_YEAR)


def test_a_year_of_days_is_walked_by_the_quick_tests_too():
    _through("Europe/Paris", 2028, IN_A_YEAR // QUICK)


def test_the_cases_are_twenty_thousand():
    assert len(CHANGES) * (AT_A_CHANGE + WITH_SECONDS) + len(YEARS) * IN_A_YEAR >= 20_000


def test_the_list_above_names_real_changes():
    for timezone, change in CHANGES:
        zone, moment = ZoneInfo(timezone), utc(change)
        assert offset(zone, moment - 1) != offset(zone, moment), (timezone, change)
