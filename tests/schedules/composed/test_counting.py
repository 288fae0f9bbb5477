"""What is left is counted by runs and arithmetic: the same number as a walk finds, and soon."""

import random
import time

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse
from beatd.schedules.composition.calendars import read_calendar
from beatd.schedules.composition.composed import composed
from beatd.schedules.composition.exclusion import parse_exclude
from beatd.schedules.moments import to_us
from tests.schedules.composed.judge import utc

SECOND = 1_000_000
DAY = 86_400 * SECOND
BASES = [
    "every 1s offset 500ms",
    "every 700ms",
    "every 7s",
    "every 11m offset 3s",
    "every 5m",
    "* * * * *",
    "sunset 52.52 13.40",
    "rrule FREQ=MINUTELY;INTERVAL=7;DTSTART=20260101T000000",
    "rrule FREQ=SECONDLY;BYMINUTE=0,1",
]
TAKERS = [
    "* 0-5 * * *",
    "*/2 * * * *",
    "1-59/3 * * * * *",
    "0 0 3 * * *",
    "dates 2026-03-29",
    "dates 2026-10-24..2026-10-25",
    "30 2 * * *",
    "every 3s offset 1s",
    "every 21s offset 7s",
    "every 1400ms offset 100ms",
    "every 2m",
    "rrule FREQ=MINUTELY;BYHOUR=1,2",
]
MOVED = [
    "every 1m",
    "every 7m",
    "every 90m offset 10m",
    "rrule FREQ=MINUTELY",
    "rrule FREQ=MINUTELY;INTERVAL=11;COUNT=900",
]


def _left(base, exclude, business_days=None, **terms):
    terms = Terms(**terms)
    exclusion = parse_exclude(exclude, terms, {}) if exclude else None
    return composed(parse(base, terms), exclusion, business_days, terms)


def _agree(schedule, start, hours, chance):
    walked = list(schedule.between_us(start, start + hours * 3600 * SECOND))
    for _ in range(4):
        after, until = sorted(start + chance.randrange(hours * 3600 * SECOND) for _ in range(2))
        inside = sum(after < each <= until for each in walked)
        assert schedule.count_us(after, until) == inside
        for limit in (1, 5, inside + 1):
            assert schedule.count_us(after, until, limit) == min(limit, inside)
    for fire in walked[:: len(walked) // 20 + 1]:
        assert schedule.count_us(fire - 1, fire) == 1
        assert schedule.count_us(fire, fire) == 0


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("change", [utc(2026, 3, 29, 1), utc(2026, 10, 25, 1), utc(2026, 10, 24, 22)])
def test_the_count_of_what_is_left_is_that_of_a_walk(base, change):
    chance = random.Random(f"{base} {change}")
    for _ in range(4):
        exclude = chance.sample(TAKERS, chance.choice([1, 2, 3]))
        schedule = _left(base, exclude, timezone="Europe/Paris")
        _agree(schedule, to_us(change) - 90 * 60 * SECOND, 4, chance)


@pytest.mark.parametrize("base", MOVED)
@pytest.mark.parametrize("direction", ["next", "previous"])
@pytest.mark.parametrize("fold", [None, "both"])
@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Paris", utc(2026, 3, 30)),
        ("Europe/Paris", utc(2026, 10, 26)),
        ("America/Sao_Paulo", utc(2018, 11, 4)),
        ("America/Havana", utc(2026, 11, 1, 5)),
    ],
)
def test_the_count_of_what_is_moved_is_that_of_a_walk(base, direction, fold, zone, change):
    chance = random.Random(f"{base} {direction} {change}")
    written = base.replace("FREQ", f"DTSTART={change:%Y%m}01T000000;FREQ")
    schedule = _left(
        written,
        "dates 2018-11-03 | dates 2026-10-31 | * * * 2 sat,sun | dates 2026-03-28..2026-03-29"
        " | dates 2026-10-24..2026-10-25",
        direction,
        timezone=zone,
        fold=fold,
    )
    _agree(schedule, to_us(change) - DAY, 48, chance)


@pytest.mark.parametrize(
    ("base", "exclude", "business_days", "days"),
    [
        ("every 1s offset 500ms", "* 0-5 * * *", None, 30),
        ("every 10ms", "* 0-22 * * *", None, 30),
        ("every 7s", "dates 2026-11-05..2026-11-10", None, 30),
        ("every 10ms", "every 70ms | every 30ms offset 5ms | * 3 * * *", None, 30),
        ("every 1m", None, "next", 365),
        ("* * * * * *", None, "previous", 365),
        ("rrule FREQ=MINUTELY", None, "next", 365),
    ],
)
def test_millions_are_counted_soon(base, exclude, business_days, days):
    schedule = _left(base, exclude, business_days, timezone="Europe/Paris")
    start, spent = to_us(utc(2026, 11, 1)), []
    for _ in range(3):
        begun = time.process_time()
        assert schedule.count_us(start, start + days * DAY) > 100_000
        spent.append(time.process_time() - begun)
    assert min(spent) < 0.1


@pytest.mark.parametrize(
    "base", ["every 59s", "every 10ms", "rrule FREQ=SECONDLY", "rrule FREQ=MINUTELY;BYSECOND=0,30"]
)
@pytest.mark.parametrize("direction", ["next", "previous"])
def test_what_fires_more_than_once_a_minute_is_not_moved(base, direction):
    with pytest.raises(InvalidScheduleError, match="more often than once a minute; use business_days 'skip'"):
        _left(base, None, direction)
    assert _left(base, None, "skip").next_after(utc(2026, 11, 21)) >= utc(2026, 11, 23)


def test_a_recurrence_ends_after_its_count_also_where_it_is_moved():
    schedule = _left("rrule DTSTART=20261106T080000;FREQ=DAILY;COUNT=3", None, "next")  # a Friday
    assert list(schedule.between(utc(2026, 11, 1), utc(2027, 1, 1))) == [utc(2026, 11, 6, 8), utc(2026, 11, 9, 8)]


def test_thousands_in_a_row_that_are_taken_away_are_passed():
    schedule = _left("every 1s", "rrule FREQ=SECONDLY;BYHOUR=0,1,2")
    assert schedule.next_after(utc(2026, 11, 21)) == utc(2026, 11, 21, 3)
    assert schedule.last_before(utc(2026, 11, 21, 3)) == utc(2026, 11, 20, 23, 59, 59)


@pytest.mark.parametrize(
    ("base", "exclude", "business_days", "fire"),
    [
        # In the gap of 29 March the clock shows 03:00 where 02:30 is meant, which is not in hour 2.
        ("30 2 * * *", "* 2 * * *", None, utc(2027, 3, 28, 1)),
        ("0 8 * * *", "dates 1900-01-01..2150-12-31", None, None),
        ("0 0 12 24 12 * 2026-2030", "calendar x", "next", utc(2026, 12, 24, 11)),
        ("0 0 12 24 12 * 2090", None, "next", utc(2090, 12, 25, 11)),
        ("0 0 12 24 12 * 2090", "* 12 24 12 *", "next", utc(2090, 12, 25, 11)),
        ("at 2026-12-26T08:00", None, "next", utc(2026, 12, 28, 7)),
    ],
)
def test_what_fires_seldom_or_late_is_not_refused(base, exclude, business_days, fire):
    terms = Terms(timezone="Europe/Paris")
    known = {"x": read_calendar("x", {"closed": ["sun"]})}
    exclusion = parse_exclude(exclude, terms, known) if exclude else None
    assert composed(parse(base, terms), exclusion, business_days, terms).next_after(utc(2026, 11, 21)) == fire


@pytest.mark.parametrize(
    ("base", "exclude", "business_days"),
    [
        ("0 0 12 24 12 * 2090", "* * 24 12 *", None),
        ("every 5m", "*/5 * * * *", None),
        ("0 8 * * *", "sun_elevation 5 rising 52 13 | every 2h offset 5d | * 8 * * *", None),
        ("0 8 * * mon", "* * * * mon", None),
        ("rrule FREQ=MONTHLY", "rrule FREQ=MONTHLY", None),
        ("0 0 8 * * * 2026", "dates 2025-01-01..2028-06-01", "next"),
        ("at 2026-12-26T08:00", "* * 28 12 *", "next"),
        ("0 8 * * *", "dates 0001-01-01..9999-12-31", "previous"),
        ("every 1h", "dates 0001-01-01..9999-12-31", "next"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris"])
def test_what_can_never_fire_is_refused_soon(base, exclude, business_days, zone):
    _left("0 8 * * *", "dates 2026-01-01", timezone=zone)  # the zone is known
    begun = time.process_time()
    with pytest.raises(InvalidScheduleError, match="it can never fire"):
        _left(base, exclude, business_days, timezone=zone)
    assert time.process_time() - begun < 0.1


def test_a_day_that_is_open_even_so_is_enough():
    closed = {"closed": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "open": ["2150-03-04"]}
    exclusion = parse_exclude("calendar x", Terms(), {"x": read_calendar("x", closed)})
    schedule = composed(parse("0 8 * * *"), exclusion, None, Terms())
    assert schedule.next_after(utc(2149, 1, 1)) == utc(2150, 3, 4, 8)
    with pytest.raises(InvalidScheduleError, match="it can never fire"):
        composed(parse("0 8 5 * *"), exclusion, None, Terms())


def test_the_sun_is_not_asked_where_another_rule_takes_the_fire_away():
    schedule = _left("every 5m", "dawn_civil -75.7 88.6 | dawn_civil -60.5 77.3 | rrule FREQ=SECONDLY")
    begun = time.process_time()
    assert schedule.last_before(utc(9999, 12, 31)) is None
    assert time.process_time() - begun < 2
