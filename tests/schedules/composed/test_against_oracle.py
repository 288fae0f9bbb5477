"""Unions, exclusions and business days against a brute-force walk of the clock, around its changes."""

import random
from bisect import bisect_right
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from beatd.schedules import Terms, parse
from beatd.schedules.composition.calendars import read_calendar
from beatd.schedules.composition.composed import composed
from beatd.schedules.composition.exclusion import parse_exclude
from tests.schedules.composed.oracle import Composition
from tests.schedules.expressions import crontab
from tests.schedules.possible import possible
from tests.schedules.walk import Walk, offset, utc

CHANGES = [
    ("Europe/Paris", "2026-03-29T01:00"),
    ("Europe/Paris", "2026-10-25T01:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("America/Sao_Paulo", "2018-11-04T03:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Africa/Casablanca", "2026-03-22T02:00"),
    ("America/Havana", "2026-03-08T05:00"),
    ("America/Havana", "2026-11-01T05:00"),
    ("Asia/Beirut", "2026-03-28T22:00"),
    ("Antarctica/Troll", "2026-03-29T01:00"),
    ("Antarctica/Troll", "2026-10-25T01:00"),
    ("America/Caracas", "2016-05-01T07:00"),
]
QUICK, MANY = 10, 150
DAY = 86_400


class Place(NamedTuple):
    """Around what is drawn: a moment, days of the month, and hours that the clock shows when it is changed."""

    middle: int
    days: tuple[int, ...]
    hours: list[int]


def _interval(draw):
    text = draw.choice(
        ["every 1h", "every 2h", "every 30m", "every 7m", "every 1d", "every 90m", "every 5h", "every 1w"]
    )
    return text + draw.choice(["", "", " offset 1h", " offset 10m", " offset -1m", " offset 30s"])


def _cron(draw, place):
    """Return a crontab; half of them at the hours at which the clock is changed."""
    if draw.random() < 0.5:
        return crontab(draw, near=place.days, sparse=draw.random() < 0.5)
    hour = draw.choice(place.hours)
    minute = draw.choice(["*", "*/15", "0", "0", "30", "0,30", "15-45", "*/20", "5"])
    hours = draw.choice([str(hour), f"{hour}", f"{hour},{(hour + 1) % 24}", f"{(hour - 1) % 24}-{hour}", "*", "*/2"])
    return f"{minute} {hours} * * {draw.choice(['*', '*', '*', 'sat,sun', 'mon-fri', '?'])}"


def _base(draw, place):
    kinds = draw.choices(["cron", "every"], [4, 1], k=draw.choice([1, 1, 2, 3]))
    return [_cron(draw, place) if kind == "cron" else _interval(draw) for kind in kinds]


def _day(draw, middle):
    return f"{datetime.fromtimestamp(middle + draw.randint(-4, 4) * DAY, UTC):%Y-%m-%d}"


def _span(draw, middle):
    first, last = sorted([_day(draw, middle), _day(draw, middle)])
    return draw.choice([first, f"{first}..{last}"])


def _calendars(draw, middle):
    return {
        "weekends": {"closed": ["sat", "sun"]},
        "some days": {"dates": [_span(draw, middle), _span(draw, middle)]},
        "most": {"closed": draw.sample(["mon", "wed", "fri", "sat", "sun"], 3), "open": [_day(draw, middle)]},
    }


def _exclude(draw, place):
    parts = []
    for _ in range(draw.choice([0, 1, 1, 2, 3])):
        other = [
            f"dates {_span(draw, place.middle)}",
            f"calendar {draw.choice(['weekends', 'some days', 'most'])}",
            draw.choice(["* * * * sat,sun", "* 2 * * *", "0 2 * * *", "*/30 * * * * *", "0 0 2 * * *"]),
            _interval(draw),
        ]
        parts.append(_cron(draw, place) if draw.random() < 0.4 else draw.choice(other))
    return parts


def _agree(draw, walk, place):
    base, exclude, calendars = _base(draw, place), _exclude(draw, place), _calendars(draw, place.middle)
    business = draw.choice([None, None, "next", "previous", "skip"])
    gap, fold = draw.choice([None, None, "shift", "skip"]), draw.choice([None, None, "first", "second", "both"])
    terms = Terms(timezone=walk.timezone, gap=gap, fold=fold)
    where = f"{base} less {exclude} with {calendars}, business_days={business}, under {terms}"
    known = {name: read_calendar(name, table) for name, table in calendars.items()}

    def read():
        exclusion = parse_exclude(exclude, terms, known) if exclude else None
        return composed(parse(base, terms), exclusion, business, terms)

    schedule = possible(read)
    if schedule is None:
        return False
    composition = Composition(walk, gap, fold, exclude, calendars, business)
    _compare(draw, schedule, [at * 1_000_000 for at in composition.fires(base)], walk, where)
    return True


def _compare(draw, schedule, wanted, walk, where):
    low, high = walk.start * 1_000_000, walk.stop * 1_000_000
    assert list(islice(schedule.between_us(low - 1, high - 1), 500)) == wanted[:500], where
    backward, moment = [], high
    while len(backward) < 200 and (moment := schedule.last_us(moment)) is not None and moment >= low:
        backward.append(moment)
    assert backward[::-1] == wanted[-200:], where
    for after in (low - 1, draw.randrange(low, high), draw.choice(wanted or [low])):
        until = draw.randrange(after, high)
        inside = bisect_right(wanted, until) - bisect_right(wanted, after)
        assert schedule.count_us(after, until) == inside, (where, after, until)
        assert schedule.count_us(after, until, 3) == min(inside, 3), (where, after, until)


def _judge(timezone, change, number):
    middle, zone = utc(change), ZoneInfo(timezone)
    walk = Walk(timezone, middle - 5 * DAY, middle + 5 * DAY)
    days = tuple(datetime.fromtimestamp(middle + shift * DAY, UTC).day for shift in (-1, 0, 0, 1))
    hours = {(middle + offset(zone, middle + at) + shift) // 3600 % 24 for at in (-1, 0) for shift in (-1800, 0, 1800)}
    draw, judged = random.Random(f"composed {timezone} {change} {number}"), 0
    while judged < number:
        judged += _agree(draw, walk, Place(middle, days, sorted(hours)))


@pytest.mark.parametrize(("timezone", "change"), CHANGES)
def test_what_is_left_fires_when_a_walk_of_the_clock_says(timezone, change):
    _judge(timezone, change, QUICK)


@pytest.mark.slow
@pytest.mark.parametrize(("timezone", "change"), CHANGES)
def test_so_does_much_more(timezone, change):
    _judge(timezone, change, MANY)
