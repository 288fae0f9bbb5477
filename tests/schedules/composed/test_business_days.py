from datetime import timedelta

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse
from beatd.schedules.composition.composed import composed
from beatd.schedules.composition.exclusion import parse_exclude
from beatd.schedules.moments import FIRST, LAST, from_us, to_us
from tests.schedules.composed.judge import utc


def _moved(base, direction, exclude=None, **terms):
    terms = Terms(**terms)
    exclusion = parse_exclude(exclude, terms, {}) if exclude else None
    return composed(parse(base, terms), exclusion, direction, terms)


def test_without_days_in_exclude_saturday_and_sunday_are_closed():
    schedule = _moved("0 8 1 * *", "next")
    assert schedule.next_after(utc(2026, 7, 15)) == utc(2026, 8, 3, 8)  # 1 August 2026 is a Saturday
    assert _moved("0 8 1 * *", "previous").next_after(utc(2026, 7, 15)) == utc(2026, 7, 31, 8)
    assert _moved("0 8 1 * *", "skip").next_after(utc(2026, 7, 15)) == utc(2026, 9, 1, 8)


def test_fires_that_meet_are_one():
    schedule = _moved("0 8 * * *", "next")
    assert schedule.count(utc(2026, 8, 1), utc(2026, 8, 8)) == 5
    assert schedule.count(utc(2026, 1, 1), utc(2027, 1, 1)) == 261


def test_a_reading_in_the_gap_of_a_closed_sunday_is_the_same_reading_on_monday():
    schedule = _moved("30 2 * * *", "next", timezone="Europe/Paris")
    fires = list(schedule.between(utc(2026, 3, 27, 12), utc(2026, 3, 31, 12)))
    assert fires == [utc(2026, 3, 30, 0, 30), utc(2026, 3, 31, 0, 30)]


def test_moments_are_taken_away_after_the_move():
    schedule = _moved("0 8 * * sat", "next", "* * * * sat,sun")
    assert schedule.next_after(utc(2026, 8, 1)) == utc(2026, 8, 3, 8)
    schedule = _moved("0 8 * * sun", "next", "* * 3 8 *")  # which names no days, so the week-end is closed
    assert schedule.next_after(utc(2026, 8, 1)) == utc(2026, 8, 10, 8)


def test_an_interval_moves_by_its_local_reading():
    schedule = _moved("every 6h", "next", timezone="Europe/Paris")
    fires = list(schedule.between(utc(2026, 3, 27, 22), utc(2026, 3, 30, 22)))
    # Saturday's readings 01, 07, 13, 19 and Sunday's 01, 08, 14, 20; Monday's own are 02, 08, 14, 20.
    readings = [(at + timedelta(hours=2)).hour for at in fires if at.day >= 29]
    assert readings == [1, 2, 7, 8, 13, 14, 19, 20]
    assert fires[0] == utc(2026, 3, 29, 23)


def test_one_moment_moves_with_its_fraction_of_a_second():
    schedule = _moved("at 2026-08-01T08:00:00.25", "next", timezone="America/New_York")
    assert schedule.next_after(utc(2026, 1, 1)) == utc(2026, 8, 3, 12, 0, 0, 250_000)
    assert schedule.last_before(utc(2027, 1, 1)) == utc(2026, 8, 3, 12, 0, 0, 250_000)
    assert schedule.count(utc(2026, 1, 1), utc(2027, 1, 1)) == 1
    assert schedule.next_after(utc(2026, 9, 1)) is None
    assert schedule.last_before(utc(2026, 7, 1)) is None


def test_a_year_of_closed_days_is_crossed_and_no_more():
    at = "at 2026-01-01T08:00"
    assert _moved(at, "next", "dates 2026-01-01..2027-01-01").next_after(utc(2025, 1, 1)) == utc(2027, 1, 2, 8)
    cron = "0 0 8 1 1 * 2025-2026"
    far = _moved(cron, "next", "dates 2026-01-01..2027-01-02")
    assert far.next_after(utc(2024, 1, 1)) == utc(2025, 1, 1, 8)
    assert far.next_after(utc(2025, 2, 1)) is None
    later = _moved("0 0 8 1 8 * 2090-2092", "previous", "dates 2090-08-01")
    assert later.next_after(utc(2026, 1, 1)) == utc(2090, 7, 31, 8)
    assert later.last_before(utc(2199, 1, 1)) == utc(2092, 8, 1, 8)
    near = _moved(cron, "next", "dates 2026-01-01..2027-01-01")
    assert near.next_after(utc(2025, 2, 1)) == utc(2027, 1, 2, 8)


def test_the_evenings_of_a_week_end_stay_three_fires_on_monday():
    schedule = _moved("sunset 52.52 13.40", "next")
    fires = list(schedule.between(utc(2026, 8, 1), utc(2026, 8, 4)))
    assert len(fires) == 3
    assert {at.date() for at in fires} == {utc(2026, 8, 3).date()}
    first, second, third = map(to_us, fires)
    assert schedule.next_owed_us(first) == second
    assert schedule.next_owed_us(second) == third
    # The last one was computed 20 seconds otherwise; Saturday's is minutes away.
    tuesday = schedule.next_us(third)
    assert schedule.next_owed_us(third - 20_000_000) == tuesday
    assert schedule.next_owed_us(third + 20_000_000) == tuesday


RRULE = "rrule DTSTART=20260101T083000;FREQ=MONTHLY;BYMONTHDAY=1,2,15"


@pytest.mark.parametrize("direction", ["next", "previous"])
def test_an_rrule_moves_in_local_time(direction):
    terms = {"timezone": "Europe/Paris"}
    plain = list(parse(RRULE, Terms(**terms)).between(utc(2026, 1, 1), utc(2026, 12, 20)))
    expected = set()
    for at in plain:
        step = timedelta(days=1 if direction == "next" else -1)
        local = at + timedelta(hours=1 if not utc(2026, 3, 29, 1) <= at < utc(2026, 10, 25, 1) else 2)
        while local.weekday() >= 5:
            local += step
        moved = local - timedelta(hours=1 if not utc(2026, 3, 29, 3) <= local < utc(2026, 10, 25, 2) else 2)
        expected.add(moved)
    schedule = _moved(RRULE, direction, **terms)
    found = list(schedule.between(utc(2026, 1, 1), utc(2026, 12, 20)))
    assert found == sorted(expected)
    assert schedule.count(utc(2026, 1, 1), utc(2026, 12, 20)) == len(found)
    assert schedule.last_before(utc(2026, 12, 20)) == found[-1]


@pytest.mark.parametrize("base", ["0 8 * * *", "every 6h", RRULE])
def test_equal_ones_are_equal_and_go_under_other_terms(base):
    first, second = _moved(base, "next"), _moved(base, "next")
    assert first == second
    assert hash(first) == hash(second)
    assert first != _moved(base, "previous")
    assert str(first) == str(parse(base))
    there = Terms(timezone="Asia/Tokyo")
    assert first.under(there) == _moved(base, "next", timezone="Asia/Tokyo")


@pytest.mark.parametrize("base", ["0 8 * * *", "every 6h"])
def test_the_ends_of_the_calendar_are_ends(base):
    schedule = _moved(base, "next")
    assert schedule.next_us(LAST) is None
    assert schedule.last_us(FIRST) is None
    assert from_us(schedule.next_us(FIRST * 9)).year == 1
    assert from_us(schedule.last_us(LAST * 9)).year == 9999


def test_a_run_of_366_closed_days_is_crossed_backwards_and_one_more_is_not():
    fire, eve = "at 2027-01-02T08:00", utc(2026, 1, 1, 8)
    assert _moved(fire, "previous", "dates 2026-01-02..2027-01-02").last_before(utc(2028, 1, 1)) == eve
    assert _moved("0 0 8 2 1 * 2027", "previous", "dates 2026-01-02..2027-01-02").next_after(utc(2025, 1, 1)) == eve
    more = "dates 2026-01-01..2027-01-02"
    with pytest.raises(InvalidScheduleError, match="it can never fire"):
        _moved(fire, "previous", more)
    assert _moved("0 0 8 2 1 * 2027,2029", "previous", more).next_after(utc(2025, 1, 1)) == utc(2029, 1, 2, 8)
