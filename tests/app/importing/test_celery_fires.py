"""A real Celery app is the judge of what is imported from it: its own schedules, walked from run to run."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from celery.schedules import maybe_schedule

from beatd.app.celery.reading import read_celery
from beatd.app.importing.celery import read_beat_schedule
from beatd.config.settings import Settings
from beatd.core.compiling import schedule_of
from tests.app.importing.celeryside import CASES, CRONTABS, DIFFERENCES, compare, headings, moment

PROJECT = """
from datetime import timedelta
from celery import Celery
from celery.schedules import crontab, schedule, solar

app = Celery("proj", broker="memory://", set_as_current=False)
app.conf.timezone = {zone!r}
crontabs = {crontabs!r}
app.conf.beat_schedule = {{
    **{{name: {{"task": "proj.add", "schedule": crontab(*text.split()[:2], day_of_month=text.split()[2],
        month_of_year=text.split()[3], day_of_week=text.split()[4], app=app)}} for name, text in crontabs.items()}},
    "thirty seconds": {{"task": "proj.add", "schedule": 30.0}},
    "ninety minutes": {{"task": "proj.add", "schedule": timedelta(minutes=90)}},
    "relative hour": {{"task": "proj.add", "schedule": schedule(timedelta(hours=1), relative=True, app=app)}},
    "relative day": {{"task": "proj.add", "schedule": schedule(timedelta(days=1), relative=True, app=app)}},
    "sunset": {{"task": "proj.add", "schedule": solar("sunset", 52.52, 13.40, app=app)}},
    "noon": {{"task": "proj.add", "schedule": solar("solar_noon", -33.9, 18.4, app=app)}},
    "dawn": {{"task": "proj.add", "schedule": solar("dawn_nautical", 40.7, -74.0, app=app)}},
}}
"""
ORDINARY = {
    "both days": "0 0 13 * fri",
    "weekdays": "*/15 8-17 * * mon-fri",
    "wrapped": "50-10/5 22-2 * * *",
    "steps": "30 */5 */10 jan,may-jul *",
    "month's end": "59 23 28-31 * *",
    "too long a step": "*/90 * * * *",
}
# The sun is computed by another library: so far apart they may be, in seconds. Both round, and ours to whole seconds.
SUN = ("The sun", 60)


@pytest.fixture
def project(tmp_path):
    """Return the schedules as Celery has them, and as they are imported, by name."""

    def make(zone, crontabs):
        text = PROJECT.format(zone=zone, crontabs=crontabs)
        (tmp_path / "proj.py").write_text(text)
        found = read_beat_schedule(read_celery(Settings(app_dir=str(tmp_path)), "proj"))
        assert found.left_out == []
        there = {}
        exec(text, there)
        theirs = {name: entry["schedule"] for name, entry in there["app"].conf.beat_schedule.items()}
        ours = {entry.name: schedule_of(entry.entry()) for entry in found.entries}
        assert set(ours) == set(theirs)
        return there["app"], theirs, ours

    return make


def walk(app, rule, start, zone, number=100):
    """Return when Celery's beat would find a rule due, asked from run to run."""
    rule, last, found = maybe_schedule(rule, app=app), start, []
    for _ in range(number):
        rule.nowfun = lambda now=last: now.astimezone(zone)
        last = (last + rule.remaining_estimate(last.astimezone(zone))).astimezone(UTC)
        found.append(last)
    return found


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana"])
def test_a_crontab_fires_as_celery_computes_it_also_where_the_clocks_change(project, zone):
    app, theirs, ours = project(zone, CRONTABS)
    for case in CASES:
        if case[0] == zone:
            _, begin, name = case
            compare(case, ours[name], walk(app, theirs[name], moment(begin), ZoneInfo(zone)))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/Phoenix"])
def test_crontabs_of_all_kinds_do(project, zone):
    app, theirs, ours = project(zone, ORDINARY)
    begin = moment("2026-11-21T10:07")
    for name in ORDINARY:
        judged = walk(app, theirs[name], begin, ZoneInfo(zone))
        assert list(ours[name].between(begin, judged[-1])) == judged, name


def test_an_interval_keeps_its_distance_and_a_relative_one_its_place(project):
    zone = ZoneInfo("Asia/Kolkata")
    app, theirs, ours = project("Asia/Kolkata", {})
    for name, length in (("thirty seconds", 30), ("ninety minutes", 5400)):
        # From one of its moments on: Celery counts from the last run, whenever that was ("Intervals").
        begin = ours[name].next_after(moment("2026-11-21T10:07"))
        judged = walk(app, theirs[name], begin, zone)
        assert list(ours[name].between(begin, judged[-1])) == judged
        assert judged[0] - begin == timedelta(seconds=length)
    for name in ("relative hour", "relative day"):
        begin = moment("2026-11-21T10:07")
        judged = walk(app, theirs[name], begin, zone)
        assert list(ours[name].between(begin, judged[-1])) == judged


@pytest.mark.parametrize("name", ["sunset", "noon", "dawn"])
def test_the_sun_is_where_it_is_within_a_minute(project, name):
    app, theirs, ours = project("UTC", {})
    begin = moment("2026-11-21T00:00")
    judged = walk(app, theirs[name], begin, UTC)
    found = begin
    for each in judged:
        found = ours[name].next_after(found)
        assert abs(found - each) < timedelta(seconds=SUN[1])


def test_each_difference_is_explained():
    assert {why[0] for why, _, _ in DIFFERENCES.values()} | {SUN[0], "Intervals"} <= headings()
