import random
from datetime import date, datetime, timedelta

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse
from beatd.schedules.bounds import bounded
from beatd.schedules.composition.composed import composed
from beatd.schedules.composition.exclusion import parse_exclude
from beatd.schedules.moments import FIRST, LAST, from_us, iso, to_us
from tests.schedules.composed.judge import Judge, cron, elapsed, midnight, moved_names, target, utc

HOUR = 3_600_000_000
TRANSITIONS = [
    ("UTC", date(2026, 3, 2)),
    ("Europe/Paris", date(2026, 3, 29)),
    ("Europe/Paris", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/Sao_Paulo", date(2018, 2, 18)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("America/Havana", date(2026, 11, 1)),
    ("America/St_Johns", date(2006, 10, 29)),
    ("Asia/Beirut", date(2026, 3, 29)),
    ("Antarctica/Troll", date(2026, 3, 29)),
    ("Antarctica/Troll", date(2026, 10, 25)),
]
TIMES = ["30 2", "0 8", "*/30 *", "15 0,1,2,3", "* 2", "0 */3", "0 0", "45 23", "10,40 1-3", "*/20 0-4"]
DAYS = ["* * *", "* * 0", "* * 6", "* * 1-5", "* * 0,3,6", "*/2 * *", "1-14 * *"]
INTERVALS = {"every 30m": 30, "every 6h": 360, "every 1h offset 30m": 60, "every 7m": 7}


def _random_crontab(chance):
    return f"{chance.choice(TIMES)} {chance.choice(DAYS)}"


def _walk(schedule, low, high):
    found, moment = [], schedule.next_us(to_us(low) - 1)
    while moment is not None and moment < to_us(high):
        found.append(moment)
        moment = schedule.next_us(moment)
    return found


def _interval_fires(judge, text):
    every = INTERVALS[text]
    phase = 30 if "offset" in text else 0
    return {at for at in judge.minutes if (int(at.timestamp()) // 60 - phase) % every == 0}


def _moved_interval(judge, text, closed, direction, options):
    fires = set()
    for at in _interval_fires(judge, text):
        day = judge.day(at)
        if day in closed:
            reading = datetime.combine(target(day, closed, direction), judge.local[at].time())
            fires |= judge.of_reading(reading, **options)
        else:
            fires.add(at)
    return fires


def _judged(judge, bases, excludes, closed, direction, terms):
    """Return the instants that remain, by the written rule."""
    options = {"gap": terms.gap, "fold": terms.fold}
    moves = direction in ("next", "previous")
    fires = set()
    for base in bases:
        if base in INTERVALS:
            fires |= _moved_interval(judge, base, closed if moves else set(), direction, options)
        else:
            names = moved_names(cron(base), closed, direction) if moves else cron(base)
            fires |= judge.instants(names, elapsed=elapsed(base), **options)
    fires = {at for at in fires if moves or judge.day(at) not in closed}
    for exclude in excludes:
        if exclude in INTERVALS:
            fires -= _interval_fires(judge, exclude)
        else:
            fires -= judge.instants(cron(exclude), elapsed=elapsed(exclude), gap=terms.gap, fold="both")
    return fires


def _case(seed):
    chance = random.Random(seed)
    zone, change = chance.choice(TRANSITIONS)
    bases = [_random_crontab(chance) for _ in range(chance.choice([1, 1, 2]))]
    if chance.random() < 0.3:
        bases.append(chance.choice(list(INTERVALS)))
    excludes = [_random_crontab(chance) for _ in range(chance.choice([0, 1, 2]))]
    if chance.random() < 0.3:
        excludes.append(chance.choice(list(INTERVALS)))
    closed = {change + timedelta(days=n) for n in range(-3, 4) if chance.random() < 0.4}
    terms = Terms(
        timezone=zone,
        gap=chance.choice([None, None, "shift", "skip"]),
        fold=chance.choice([None, None, "first", "second", "both"]),
    )
    return zone, change, bases, excludes, closed, chance.choice([None, "skip", "next", "previous"]), terms


@pytest.mark.parametrize("seed", range(200))
def test_what_remains_is_what_a_walk_through_every_minute_finds(seed):
    zone, change, bases, excludes, closed, direction, terms = _case(seed)
    written = [*excludes, *(f"dates {day}" for day in sorted(closed))]
    if not closed and direction is not None:
        written.append("dates 2001-01-01")  # else Saturday and Sunday are closed
    judge = Judge(zone, midnight(change - timedelta(days=6)), 12)
    expected = _judged(judge, bases, excludes, closed, direction, terms)
    exclusion = parse_exclude(written, terms, {}) if written else None
    try:
        schedule = composed(parse(bases, terms), exclusion, direction, terms)
    except InvalidScheduleError:
        assert not expected
        return
    low, high = midnight(change - timedelta(days=3)), midnight(change + timedelta(days=3))
    wanted = sorted(to_us(at) for at in expected if low <= at < high)
    found = _walk(schedule, low, high)
    assert [iso(each) for each in found] == [iso(each) for each in wanted]
    _check_properties(schedule, found, low, high, random.Random(seed))


def _check_properties(schedule, found, low, high, chance):
    start, end = to_us(low) - 1, to_us(high) - 1
    assert schedule.count_us(start, end) == len(found)
    assert schedule.count_us(start, end, limit=3) == min(3, len(found))
    assert list(schedule.between_us(start, end)) == found
    back, moment = [], schedule.last_us(end + 1)
    while moment is not None and moment > start:
        back.append(moment)
        moment = schedule.last_us(moment)
    assert back[::-1] == found
    for _ in range(6):
        cut = chance.randrange(start, end)
        assert schedule.count_us(start, cut) == sum(each <= cut for each in found)
        later = schedule.next_us(cut)
        assert later is None or (later > cut and schedule.next_us(later - 1) == later)
        last = schedule.last_us(cut)
        assert last is None or (last < cut and schedule.last_us(last + 1) == last)
        if later is not None:
            assert (schedule.last_us(later) or FIRST) <= cut


def _left(base, exclude, business_days=None, **terms):
    terms = Terms(**terms)
    exclusion = parse_exclude(exclude, terms, {}) if exclude else None
    return composed(parse(base, terms), exclusion, business_days, terms)


def test_a_crontab_takes_away_the_whole_minute_and_one_with_seconds_the_second():
    minute = _left("every 10s", "0 8 * * *")
    assert minute.count(utc(2026, 1, 1, 7, 59, 59), utc(2026, 1, 1, 8, 1)) == 1
    second = _left("every 10s", "0 0 8 * * *")
    assert second.count(utc(2026, 1, 1, 7, 59, 59), utc(2026, 1, 1, 8, 1)) == 6


def test_other_rules_take_away_equal_moments_only():
    schedule = _left("every 10m", "every 1h | at 2026-01-01T00:10")
    assert [iso(each) for each in _walk(schedule, utc(2026, 1, 1), utc(2026, 1, 1, 1))] == [
        f"2026-01-01T00:{minute}:00Z" for minute in (20, 30, 40, 50)
    ]
    assert schedule.count(utc(2025, 12, 31, 23, 59), utc(2026, 1, 1, 0, 59)) == 4
    assert schedule.count(utc(2026, 1, 2), utc(2026, 1, 3)) == 5 * 24


def test_both_passes_and_what_a_gap_moves_are_taken_away():
    paris = {"timezone": "Europe/Paris"}
    assert _left("every 30m", "30 2 * * *", **paris).count(utc(2026, 10, 24, 23), utc(2026, 10, 25, 2)) == 4
    assert _left("0 3 * * *", "30 2 * * *", **paris).next_after(utc(2026, 3, 28, 12)) == utc(2026, 3, 30, 1)


@pytest.mark.parametrize(
    ("base", "exclude", "business_days"),
    [
        ("0 8 * * *", "* * * * *", None),
        ("0 8 * * mon", "* * * * mon", None),
        ("0 8 * * *", "0 8 1-15 * * | 0 8 16-31 * *", None),
        ("0 8 * * sat", None, "skip"),
        ("at 2026-12-24T18:00", "dates 2026-12-24", None),
        ("every 1h", "every 30m", None),
        ("every 1s", "every 2s | every 2s offset 1s", None),
        ("sunset 52.52 13.40", "* * * * *", None),
        ("0 8 * * *", "dates 0001-01-01..9999-12-31", "skip"),
        ("0 8 * * * | 0 9 * * *", "* 8-9 * * *", None),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris"])
def test_what_can_never_fire_is_refused(base, exclude, business_days, zone):
    with pytest.raises(InvalidScheduleError, match="it can never fire"):
        _left(base, exclude, business_days, timezone=zone)


def test_a_part_of_a_union_may_be_taken_away_whole():
    assert _left("0 8 * * * | 0 9 * * *", "* 8 * * *").next_after(utc(2026, 1, 1)) == utc(2026, 1, 1, 9)


def test_what_fires_only_before_or_after_a_long_closing_is_not_refused():
    assert _left("0 8 * * *", "dates 1970-01-01..2020-12-31").next_after(utc(2020, 6, 1)) == utc(2021, 1, 1, 8)
    assert _left("0 0 8 1 1 * 1990-2050", "dates 1980-01-01..2040-12-31").next_after(utc(2040, 6, 1)) == utc(
        2041, 1, 1, 8
    )
    assert _left("at 1950-01-01T00:00 | at 2090-01-01T00:00", "dates 1960-01-01").next_after(utc(1960, 1, 1))


def test_the_only_fires_there_are_may_be_those_that_moved():
    schedule = _left("0 8 * * sun", "0 8 * * sun | dates 2026-08-02", "next")
    assert schedule.next_after(utc(2026, 1, 1)) == utc(2026, 8, 3, 8)
    assert schedule.next_after(utc(2026, 9, 1)) is None


def test_one_day_a_year_is_found_and_counted():
    schedule = _left("0 8 * * *", "0 8 * 1-11 * | * * 2-31 12 *", timezone="Europe/Paris")
    assert schedule.next_after(utc(2026, 12, 2)) == utc(2027, 12, 1, 7)
    assert schedule.last_before(utc(2026, 12, 1)) == utc(2025, 12, 1, 7)
    assert schedule.count(utc(2000, 1, 1), utc(2100, 1, 1)) == 100


def test_a_long_gap_is_counted_by_days():
    schedule = _left("* * * * * *", "* 12 * * * | dates 2026-01-01", timezone="America/New_York")
    low, high = utc(2025, 7, 1), utc(2027, 7, 1)
    seconds = int((high - low).total_seconds())
    assert schedule.count(low, high) == seconds - (729 * 3600 + 86_400)


def test_an_event_of_the_sun_is_the_same_event_through_what_is_taken_away():
    schedule = _left("sunset 52.52 13.40", "dates 2026-06-02")
    fire = schedule.next_us(to_us(utc(2026, 6, 1)))
    following = schedule.next_us(fire)
    assert from_us(following).date() == date(2026, 6, 3)
    for error in (-30, 30, 0):
        assert schedule.next_owed_us(fire + error * 1_000_000) == following
    assert bounded(schedule, FIRST, LAST).next_owed_us(fire - 1_000_000) == following


def test_nothing_asked_is_the_schedule_itself_and_equal_compositions_are_one():
    base = parse("0 8 * * *")
    assert composed(base, None, None, Terms()) is base
    first, second = (_left("0 8 * * *", "dates 2026-01-01", name=name) for name in ("a", "b"))
    assert first is second
    assert str(first) == "0 8 * * *"
    there = Terms(timezone="Asia/Tokyo")
    assert first.under(there).next_after(utc(2026, 1, 1)) == utc(2026, 1, 1, 23)
    assert hash(first.under(there)) == hash(first.under(there))
    assert first.under(there) == first.under(there) != first


def test_the_ends_of_the_calendar_are_ends():
    schedule = _left("every 1h", "* 8 * * *")
    assert schedule.next_us(LAST) is None
    assert schedule.last_us(FIRST) is None
    assert schedule.next_us(FIRST * 9) >= FIRST
    assert schedule.last_us(LAST * 9) <= LAST
