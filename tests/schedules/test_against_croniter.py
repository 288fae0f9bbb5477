"""croniter as a second judge, where it and the written rule mean the same: in UTC, with Vixie's rule for days."""

import random
from datetime import UTC, datetime

import pytest
from croniter import croniter

from beatd.schedules import parse
from beatd.schedules.crontab_rule import KINDS, read_crontab

CHOICES = [
    ["*", "*/5", "0", "7,37", "10-20/3", "*/40", "59"],
    ["*", "*/3", "0", "9-17", "22-2", "4,16"],
    ["*", "*/2", "1", "15", "29-31", "1-7", "28"],
    ["*", "*", "*/2", "2", "jan-mar", "nov-feb", "6,12"],
    ["*", "*", "mon-fri", "fri-mon", "0", "7", "*/2", "tue,thu", "5-7"],
]
START = datetime(2026, 11, 21, 3, 33, 33, tzinfo=UTC)


def _texts(number):
    draw = random.Random(7)
    return [" ".join(draw.choice(choices) for choices in CHOICES) for _ in range(number)]


@pytest.mark.parametrize("text", _texts(250))
def test_five_fires_forward_and_back_are_those_of_croniter(text):
    schedule = parse(text)
    judge = croniter(text, START, implement_cron_bug=True)
    moment = START
    for _ in range(5):
        moment = schedule.next_after(moment)
        assert moment == judge.get_next(datetime)
    judge = croniter(text, START, implement_cron_bug=True)
    moment = START
    for _ in range(5):
        moment = schedule.last_before(moment)
        assert moment == judge.get_prev(datetime)


@pytest.mark.parametrize("text", ["*/10 * * * * *", "5,50 0 * * * *", "30 15 8 * * mon-fri", "0-59/20 1 1 1 * *"])
def test_seconds_come_first(text):
    schedule, judge, moment = parse(text), croniter(text, START, second_at_beginning=True), START
    for _ in range(10):
        moment = schedule.next_after(moment)
        assert moment == judge.get_next(datetime)


def test_fields_expand_as_croniter_expands_them():
    for text in _texts(250):
        expanded = croniter.expand(text)[0]
        for kind, ours, theirs in zip(KINDS[1:], read_crontab(text.split(), text)[1:6], expanded, strict=True):
            numbers = [number for number in range(kind.low, kind.high + 1) if ours.mask >> number & 1]
            every = list(range(kind.low, kind.high + 1))
            assert numbers == (every if theirs == ["*"] else sorted(theirs)), text
