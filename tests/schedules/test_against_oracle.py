"""The engine against a brute-force walk of the clock, around the changes of zones where it hurts."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from beatd.schedules import Terms, parse
from beatd.schedules.moments import to_us
from tests.schedules import oracle

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
    ("UTC", "2026-02-28T12:00"),
]
FIELDS = {
    "minute": ["*", "*/15", "0", "30", "59", "0,30", "5-50/9", "45-10", "*/7,3"],
    "hour": ["*", "*/2", "0", "1", "2", "3", "1-3", "22-2", "0,12", "*/5,1", "23", "0-23"],
    "date": ["*", "*/2", "1", "29", "1-7", "28-3", "30", "4,8,25"],
    "month": ["*"] * 6 + ["3,10", "2-4", "11-2"],
    "weekday": ["*"] * 3 + ["sun", "mon-fri", "fri-mon", "*/2", "&sun", "6,0"],
}
REACH = timedelta(days=1, hours=12)


def _texts(seed, number):
    draw = random.Random(seed)
    return [" ".join(draw.choice(choices) for choices in FIELDS.values()) for _ in range(number)]


def _agree(text, timezone, start, stop, gap=None, fold=None, step=timedelta(minutes=1)):
    schedule = parse(text, Terms(timezone=timezone, gap=gap, fold=fold))
    wanted = [to_us(moment) for moment in oracle.fires(text, timezone, start, stop, gap=gap, fold=fold, step=step)]
    low, high = to_us(start), to_us(stop)
    forward, moment = [], low - 1
    while (moment := schedule.next_us(moment)) is not None and moment < high:
        forward.append(moment)
    backward, moment = [], high
    while (moment := schedule.last_us(moment)) is not None and moment >= low:
        backward.append(moment)
    where = f"{text!r} in {timezone}, gap={gap}, fold={fold}"
    assert forward == wanted, where
    assert backward[::-1] == wanted, where
    assert schedule.count_us(low - 1, high - 1) == len(wanted), where
    middle = (low + high) // 2
    assert schedule.count_us(middle, high - 1) == sum(moment > middle for moment in wanted), where


@pytest.mark.parametrize(("timezone", "change"), CHANGES)
def test_every_crontab_fires_when_a_walk_of_the_clock_says(timezone, change):
    around = oracle.utc(change)
    for place, text in enumerate(_texts(timezone + change, 150)):
        draw = random.Random(place)
        gap = draw.choice([None, None, "shift", "skip"])
        fold = draw.choice([None, None, "first", "second", "both"])
        _agree(text, timezone, around - REACH, around + REACH, gap, fold)


@pytest.mark.parametrize(("timezone", "change"), CHANGES[:6])
def test_so_does_every_crontab_with_seconds(timezone, change):
    around = oracle.utc(change)
    reach = timedelta(hours=2)
    for seconds in ("*", "*/20", "0,59", "30"):
        for text in _texts(timezone + seconds, 2):
            step = timedelta(seconds=1)
            _agree(f"{seconds} {text}", timezone, around - reach, around + reach, step=step)


def test_the_list_above_names_real_changes():
    for timezone, change in CHANGES[:-1]:
        zone = oracle.ZoneInfo(timezone)
        moment = oracle.utc(change)
        before = (moment - timedelta(seconds=1)).astimezone(zone).utcoffset()
        assert before != moment.astimezone(zone).utcoffset(), (timezone, change)


def test_a_long_walk_forward_meets_no_difference_in_a_year():
    start, stop = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
    for text in ("30 2 * * *", "0 */6 * * mon", "15 1 1-7 * &sun"):
        _agree(text, "Europe/Paris", start, stop, step=timedelta(minutes=15))
