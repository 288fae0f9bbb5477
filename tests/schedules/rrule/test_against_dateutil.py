"""Random rules against dateutil, which walks each from its DTSTART, fire by fire."""

import random
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from types import SimpleNamespace

import dateutil.rrule
import pytest

from beatd.schedules import parse
from beatd.schedules.moments import from_us, to_us
from tests.schedules.possible import possible

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
FINE = ["HOURLY", "MINUTELY", "SECONDLY"]
FREQS = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", *FINE]
SPAN = {"YEARLY": 4000, "MONTHLY": 1500, "WEEKLY": 700, "DAILY": 400, "HOURLY": 60, "MINUTELY": 9, "SECONDLY": 3}
MOST = 40


@pytest.fixture(autouse=True)
def calendar(monkeypatch):
    """Let dateutil's calendar end where the test says: a rule without a fire would be walked to the year 9999."""
    names = {name: getattr(dateutil.rrule.datetime, name) for name in ("date", "datetime", "time", "timedelta")}
    monkeypatch.setattr(dateutil.rrule, "datetime", SimpleNamespace(MAXYEAR=2045, **names))


def _some(dice, low, high, most, *, negative=False):
    numbers = {dice.randint(low, high) for _ in range(dice.randint(1, most))}
    return ",".join(str(-number if negative and dice.random() < 0.4 else number) for number in numbers)


def _weekdays(dice, freq, parts):
    if freq not in ("YEARLY", "MONTHLY") or "BYWEEKNO" in parts or dice.random() < 0.4:
        return ",".join(dice.sample(DAYS, dice.randint(1, 4)))
    most = 53 if freq == "YEARLY" and "BYMONTH" not in parts else 5
    # Days with and without a number in one part are another test's: there dateutil is wrong.
    return ",".join(f"{_some(dice, 1, most, 1, negative=True)}{day}" for day in dice.sample(DAYS, dice.randint(1, 3)))


def _parts(dice):
    freq = dice.choice(FREQS)
    parts = {"FREQ": freq}
    if dice.random() < 0.5:
        most = 3 if freq == "YEARLY" else 11
        parts["INTERVAL"] = str(dice.choice([2, 3, 4, 5, 7, 11, 24, 25, 36, 60, 90][:most]))
    _add_days(dice, freq, parts)
    for key, high in (("BYHOUR", 23), ("BYMINUTE", 59), ("BYSECOND", 59)):
        if dice.random() < 0.3:
            parts[key] = _some(dice, 0, high, 4)
    # Positions in weeks, and in seconds, are other tests'.
    if freq not in ("WEEKLY", "SECONDLY") and len(parts) > 2 and dice.random() < 0.25:
        parts["BYSETPOS"] = _some(dice, 1, 4, 2, negative=True)
        parts.setdefault("BYSECOND", "0,30")
    if dice.random() < 0.3:
        parts["WKST"] = dice.choice(DAYS)
    return parts


def _add_days(dice, freq, parts):
    if dice.random() < 0.3:
        parts["BYMONTH"] = _some(dice, 1, 12, 4)
    if freq == "YEARLY" and dice.random() < 0.2:
        # 52, 53 and negative weeks are another test's too.
        parts["BYWEEKNO"] = _some(dice, 1, 51, 4)
        parts["BYDAY"] = _weekdays(dice, freq, parts)
    elif freq in ("YEARLY", *FINE) and dice.random() < 0.15:
        parts["BYYEARDAY"] = _some(dice, 1, 366, 6, negative=True)
    if freq != "WEEKLY" and dice.random() < 0.25:
        parts["BYMONTHDAY"] = _some(dice, 1, 31, 4, negative=True)
    if dice.random() < 0.3:
        parts["BYDAY"] = _weekdays(dice, freq, parts)


def _start(dice):
    return datetime(2000, 1, 1) + timedelta(seconds=dice.randint(0, 9 * 365 * 86_400))  # noqa: DTZ001  wall clock


def _line(parts):
    return ";".join(f"{key}={value}" for key, value in parts.items())


def _walk(parts, start, low, high, most):
    """Return the first fires in [low, high] as dateutil finds them, or none where it calls the rule empty."""
    dateutil.rrule.datetime.MAXYEAR = high.year
    try:
        rule = dateutil.rrule.rrulestr(f"DTSTART:{start:%Y%m%dT%H%M%S}\nRRULE:{_line(parts)}")
        later = (fire for fire in rule if fire >= low)
        return list(islice(takewhile(lambda fire: fire <= high, later), most))
    except ValueError as error:
        if "empty" not in str(error):
            raise
        return []


def _ours(parts, start):
    return possible(parse, f"rrule DTSTART={start:%Y%m%dT%H%M%S};{_line(parts)}")


def _us(naive):
    return to_us(naive.replace(tzinfo=UTC))


def _forward(schedule, after, until, most):
    return [from_us(fire).replace(tzinfo=None) for fire in islice(schedule.between_us(after, until), most)]


def _backward(schedule, fires):
    found, moment = [], _us(fires[-1]) + 1
    for _ in fires:
        moment = schedule.last_us(moment)
        found.append(from_us(moment).replace(tzinfo=None))
    return found[::-1]


def _agree(parts, start, low, high):
    wanted = _walk(parts, start, low, high, MOST)
    schedule = _ours(parts, start)
    if schedule is None:
        assert wanted == [], (parts, start)
        return 0
    assert _forward(schedule, _us(low) - 1, _us(high), MOST) == wanted, (parts, start)
    if wanted:
        assert _backward(schedule, wanted) == wanted, (parts, start)
        assert schedule.count_us(_us(low) - 1, _us(wanted[-1])) == len(wanted), (parts, start)
    return len(wanted)


@pytest.mark.parametrize("seed", range(8))
def test_random_rules_begin_as_dateutil_walks_them(seed):
    dice = random.Random(seed)
    total = 0
    for _ in range(300):
        parts, start = _parts(dice), _start(dice)
        total += _agree(parts, start, start, start + timedelta(days=SPAN[parts["FREQ"]]))
    assert total > 2000


@pytest.mark.parametrize("seed", range(4))
def test_years_after_the_start_they_are_still_in_step(seed):
    dice = random.Random(100 + seed)
    total = 0
    for _ in range(40):
        parts, start = _parts(dice), _start(dice)
        days = SPAN[parts["FREQ"]]
        low = start + timedelta(days=days * dice.randint(2, 5), seconds=dice.randint(0, 86_400))
        total += _agree(parts, start, low, low + timedelta(days=days))
    assert total > 300


def test_count_and_until_end_where_dateutil_ends():
    dice = random.Random(7)
    ended = 0
    for _ in range(300):
        parts, start = _parts(dice), _start(dice)
        high = start + timedelta(days=SPAN[parts["FREQ"]])
        fires = _walk(parts, start, start, high, MOST)
        if len(fires) < MOST:
            continue
        for end in ({"COUNT": "17"}, {"UNTIL": f"{fires[16]:%Y%m%dT%H%M%S}"}):
            schedule = _ours(parts | end, start)
            assert _forward(schedule, _us(start) - 1, _us(high), MOST) == fires[:17], (parts, end, start)
            assert schedule.last_us(_us(high)) == _us(fires[16])
            assert schedule.count_us(_us(start) - 1, _us(high)) == 17
            ended += 1
    assert ended > 100


@pytest.mark.parametrize("wkst", DAYS)
def test_a_week_of_positions_counts_whole(wkst):
    # dateutil cuts the first week at DTSTART and takes positions among the rest, so it is started at a week's start.
    start = datetime(2026, 1, 5) + timedelta(days=DAYS.index(wkst))  # noqa: DTZ001  wall clock
    later = start + timedelta(days=3, hours=5)
    parts = {"FREQ": "WEEKLY", "INTERVAL": "3", "WKST": wkst, "BYDAY": "TU,TH,SA", "BYHOUR": "5,17"}
    parts |= {"BYMINUTE": "0", "BYSECOND": "0", "BYSETPOS": "2,-1"}
    wanted = _walk(parts, start, later, later + timedelta(days=900), MOST)
    schedule = _ours(parts, later)
    assert _forward(schedule, _us(later) - 1, _us(later + timedelta(days=900)), MOST) == wanted
