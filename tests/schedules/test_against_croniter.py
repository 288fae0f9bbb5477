"""croniter as another judge, where it and the written rule mean the same: in UTC, with Vixie's rule for days.

Where they part is told, case by case, in ``test_known_differences.py``; ``_in_common`` leaves out no more than that.
"""

import random
import re
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from croniter import croniter

from beatd.schedules import parse
from beatd.schedules.crontab.rule import KINDS, read_crontab
from tests.schedules.expressions import crontab
from tests.schedules.possible import possible

BEGINS = datetime(2020, 1, 1, tzinfo=UTC)
QUICK, MANY, SHARES = 400, 600, 5


def _in_common(text):
    """Say whether a text means the same to both."""
    minute, hour, date, month, weekday = text.split()
    lists = [field.split(",") for field in (minute, hour, date, month, weekday)]
    ranges = [re.fullmatch(r"(\w+)-(\w+)(/\d+)?", item) for field in lists for item in field]
    if any(_odd(found) for found in ranges if found) or re.search("[LW&]", weekday):
        return False
    if any("*" in item for field in lists if len(field) > 1 for item in field):
        return False
    if "#" in weekday and not (date == "*" and "," not in weekday):
        return False
    return _date_in_common(date, weekday)


def _date_in_common(date, weekday):
    if "W" not in date:
        return re.search("L[-,]|,L", date) is None
    return "," not in date and weekday == "*" and date[:-1].isdigit() and int(date[:-1]) < 29


def _odd(found):
    first, last, step = found.groups()
    if not (first.isdigit() and last.isdigit()):
        return True  # names are drawn elsewhere: a range of them may be of one value
    return first == last or (step is not None and int(first) > int(last)) or int(last) == 7


def _texts(draw, number):
    texts = []
    while len(texts) < number:
        text = crontab(draw, near=(15, 29))
        if not _in_common(text):
            continue
        if possible(parse, text) is not None:
            texts.append(text)
    return texts


def _agree(text, start, **manner):
    schedule = parse(text)
    for step, ours in (("get_next", schedule.next_after), ("get_prev", schedule.last_before)):
        judge, moment = croniter(text, start, implement_cron_bug=True, **manner), start
        for _ in range(4):
            moment = ours(moment)
            assert moment == getattr(judge, step)(datetime), (text, start, step)


def _run(seed, number):
    draw = random.Random(seed)
    for text in _texts(draw, number):
        _agree(text, BEGINS + timedelta(seconds=draw.randrange(10 * 365 * 86_400)))


def test_fires_forward_and_back_are_those_of_croniter():
    _run("quick", QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_so_are_those_of_thousands(share):
    assert SHARES * MANY == 3000
    _run(share, MANY)


@pytest.mark.parametrize("text", ["mon-fri", "fri-mon", "sat-tue", "sun-wed", "0-7", "5-7", "7", "sun,wed"])
def test_ranges_of_weekdays_are_those_of_croniter(text):
    _agree(f"30 6 * * {text}", BEGINS)


@pytest.mark.parametrize("text", ["jan-mar", "nov-feb", "dec-jan", "jun", "jan,dec"])
def test_ranges_of_months_are_those_of_croniter(text):
    _agree(f"30 6 1 {text} *", BEGINS)


@pytest.mark.parametrize("text", ["*/10 * * * * *", "5,50 0 * * * *", "30 15 8 * * mon-fri", "0-59/20 1 1 1 * *"])
def test_seconds_come_first(text):
    _agree(text, BEGINS, second_at_beginning=True)


@pytest.mark.parametrize("text", ["0 0 12 1 1 * 2030", "0 0 0 29 2 * 2024-2040", "0 30 6 * * mon 2021,2025"])
def test_years_come_last(text):
    ours = list(islice(parse(text).between(BEGINS, BEGINS + timedelta(days=40 * 365)), 60))
    theirs = islice(croniter(text, BEGINS, second_at_beginning=True).all_next(datetime), len(ours))
    assert ours == list(theirs) != []


def test_fields_expand_as_croniter_expands_them():
    for text in _texts(random.Random("fields"), 400):
        if re.search("[LW#?]", text):
            continue
        expanded = croniter.expand(text)[0]
        for kind, ours, theirs in zip(KINDS[1:], read_crontab(text.split(), text)[1:6], expanded, strict=True):
            numbers = [number for number in range(kind.low, kind.high + 1) if ours.mask >> number & 1]
            every = list(range(kind.low, kind.high + 1))
            assert numbers == (every if theirs == ["*"] else sorted(theirs)), text
