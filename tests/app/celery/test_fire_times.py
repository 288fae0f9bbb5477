"""Celery itself is the judge of crontabs: its own walk from run to run, on days without a change of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from celery import Celery
from celery.schedules import crontab, schedule

from beatd.app.celery.schedules import schedule_text
from beatd.schedules import Terms, parse

CRONTABS = [
    {"minute": "*/15", "hour": "8-17", "day_of_week": "mon-fri"},
    {"minute": "50-10/5", "hour": "22-2"},
    {"minute": 0, "hour": 7, "day_of_month": "1-7", "day_of_week": "mon"},
    {"minute": 0, "hour": 0, "day_of_month": "13", "day_of_week": "fri"},
    {"minute": 30, "hour": "*/5", "day_of_month": "*/10", "month_of_year": "jan,may-jul"},
    {"minute": {7, 41}, "hour": [3, 21], "day_of_week": "*/2"},
    {"minute": 59, "hour": 23, "day_of_month": "28-31"},
    {"minute": 0, "hour": 12, "day_of_month": 29, "month_of_year": 2},
    {"minute": "mon", "hour": "sundae", "day_of_week": "sat-mon"},
]


def walk(rule, start, number, until=None):
    """Return when Celery's beat would find the rule due, asked from run to run."""
    found, last = [], start
    for _ in range(number):
        rule.nowfun = lambda last=last: last
        last = last + rule.remaining_estimate(last)
        if until is not None and last > until:
            break
        rule.nowfun = lambda last=last: last
        assert rule.is_due(found[-1] if found else start).is_due
        found.append(last)
    return found


def fires(text, zone, start, number):
    rule, found = parse(text, Terms(timezone=zone)), []
    while len(found) < number:
        start = rule.next_after(start)
        found.append(start)
    return found


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/Phoenix"])
@pytest.mark.parametrize("fields", CRONTABS, ids=str)
def test_a_crontab_fires_when_celerys_own_beat_finds_it_due(fields, zone):
    app = Celery("judge", set_as_current=False)
    app.conf.timezone = zone
    start = datetime(2026, 4, 2, 3, 4, 5, tzinfo=UTC)
    theirs = walk(crontab(**fields, app=app), start, 60)
    assert fires(schedule_text(crontab(**fields)).text, zone, start, 60) == theirs


@pytest.mark.parametrize("start", ["2026-04-06T00:30:00", "2026-11-02T23:10:00"])
@pytest.mark.parametrize("fields", CRONTABS[:3], ids=str)
def test_so_it_does_in_a_zone_that_changes_its_clocks_between_the_changes(fields, start):
    zone = ZoneInfo("Europe/Berlin")
    app = Celery("judge", set_as_current=False)
    app.conf.timezone = "Europe/Berlin"
    begin = datetime.fromisoformat(start).replace(tzinfo=zone)
    theirs = walk(crontab(**fields, app=app), begin, 80, until=begin + timedelta(days=120))
    assert len(theirs) >= 3
    assert fires(schedule_text(crontab(**fields)).text, "Europe/Berlin", begin, len(theirs)) == theirs


@pytest.mark.parametrize("hours", [1, 24])
def test_a_relative_interval_fires_at_the_full_hour_or_at_midnight_of_the_zone(hours):
    app = Celery("judge", set_as_current=False)
    app.conf.timezone = "Asia/Kolkata"
    rule = schedule(timedelta(hours=hours), relative=True, app=app)
    start = datetime(2026, 4, 2, 3, 4, 5, tzinfo=UTC).astimezone(ZoneInfo("Asia/Kolkata"))
    theirs = walk(rule, start, 30)
    assert fires(schedule_text(rule).text, "Asia/Kolkata", start, 30) == theirs
