from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from celery import Celery
from celery.beat import BeatLazyFunc, ScheduleEntry
from celery.schedules import crontab
from celery.utils.time import timezone as celerys_zones

from beatd.app.celery.entries import entries_of
from beatd.app.celery.project import open_project
from beatd.core.entry import Misfire
from beatd.errors import AppImportError
from beatd.schedules.moments import SECOND


class Unpickled:
    """What only pickle could carry."""


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (None, "entry: must be a dict with 'task' and 'schedule', got None"),
        ([1], "entry: must be a dict"),
        ({"schedule": 5}, "task: is missing"),
        ({"task": "a.b"}, "schedule: is missing"),
        ({"task": "a.b", "schedule": None}, "schedule: is missing"),
        ({"task": 5, "schedule": 5}, "task: must be the name of a task, got 5"),
        ({"task": "", "schedule": 5}, "task: must be a name of 1 to 255 printable characters"),
        ({"task": "a.b", "schedule": "soon"}, "schedule: must be seconds, a timedelta"),
        ({"task": "a.b", "schedule": 0.001}, "an interval is at least 10ms"),
        ({"task": "a.b", "schedul": 5}, "schedul: is a key that Celery's beat refuses too; did you mean 'schedule'?"),
        ({"task": "a.b", "schedule": 5, "enabled": False}, "enabled: is a key that Celery's beat refuses too; Celery"),
        ({"task": "a.b", "schedule": 5, "args": "ab"}, "args: must be a list, got 'ab'"),
        ({"task": "a.b", "schedule": 5, "args": 7}, "args: must be a list, got 7"),
        ({"task": "a.b", "schedule": 5, "kwargs": [1]}, "kwargs: must be a table, got [1]"),
        ({"task": "a.b", "schedule": 5, "kwargs": {1: 2}}, "kwargs: has the key 1, which is not text"),
        ({"task": "a.b", "schedule": 5, "args": [Unpickled()]}, "args[0]: is of type Unpickled, which JSON does not"),
        ({"task": "a.b", "schedule": 5, "args": [{1, 2}]}, "args[0]: is of type set"),
        ({"task": "a.b", "schedule": 5, "args": [b"x"]}, "args[0]: is of type bytes"),
        ({"task": "a.b", "schedule": 5, "args": [Decimal(1)]}, "args[0]: is of type Decimal"),
        ({"task": "a.b", "schedule": 5, "args": [datetime(2027, 1, 1)]}, "args[0]: is a date-time"),  # noqa: DTZ001  the case
        ({"task": "a.b", "schedule": 5, "args": [1, len]}, "args[1]: is a builtin_function_or_method, which Celery's"),
        (
            {"task": "a.b", "schedule": 5, "kwargs": {"now": BeatLazyFunc(dict)}},
            "kwargs.now: is a BeatLazyFunc, which Celery's beat calls with each message; let the task work it out",
        ),
    ],
)
def test_an_entry_that_cannot_be_carried_over_is_quarantined_alone(read, raw, reason):
    drafts, _ = read({"x": raw, "good": {"task": "a.b", "schedule": 5}})
    assert drafts["good"].entry.schedule == "every 5s"
    assert drafts["x"].entry is None
    assert drafts["x"].place == "celery:proj.app: beat_schedule['x']"
    assert drafts["x"].error.startswith(f"{drafts['x'].place}: ")
    assert reason in drafts["x"].error


@pytest.mark.parametrize("name", ["", "n" * 201, "a\nb"])
def test_a_name_that_cannot_be_one_quarantines_its_entry(read, name):
    drafts, _ = read({name: {"task": "a.b", "schedule": 5}})
    assert "name: a name has 1 to 200 printable characters" in drafts[name].error


def test_a_name_may_be_a_number_and_state_that_beat_keeps_is_no_key(read):
    drafts, notes = read({7: {"task": "a.b", "schedule": 5, "total_run_count": 3, "last_run_at": None}})
    assert drafts["7"].entry.name == "7"
    assert notes == []


def test_an_entry_may_be_an_object_of_celerys(read):
    app = Celery("other", set_as_current=False)
    made = ScheduleEntry(name="x", task="a.b", schedule=crontab(0, 8), args=(1,), options={"queue": "q"}, app=app)
    entry = read({"x": made})[0]["x"].entry
    assert (entry.task, entry.schedule, entry.args, entry.queue) == ("a.b", "0 8 * * *", [1], "q")


@pytest.mark.parametrize(
    ("conf", "zone"),
    [
        ({}, "UTC"),
        ({"timezone": "Europe/Berlin"}, "Europe/Berlin"),
        ({"timezone": "Europe/Berlin", "enable_utc": False}, "Europe/Berlin"),
    ],
)
def test_crontabs_are_read_in_the_zone_of_the_app(read, conf, zone):
    drafts, _ = read({"x": {"task": "a.b", "schedule": crontab(0, 8)}}, **conf)
    assert drafts["x"].entry.timezone == zone


def test_without_utc_and_without_a_zone_it_is_the_hosts_own(read, monkeypatch):
    monkeypatch.setitem(celerys_zones.__dict__, "local", ZoneInfo("Asia/Tokyo"))
    drafts, _ = read({"x": {"task": "a.b", "schedule": crontab(0, 8)}}, enable_utc=False)
    assert drafts["x"].entry.timezone == "Asia/Tokyo"


def test_a_zone_without_a_name_is_refused(read):
    with pytest.raises(
        AppImportError, match=r"the zone of its crontabs .* has no name that every host knows; set timez"
    ):
        read({}, timezone=timezone(timedelta(hours=1, minutes=7)))


def test_an_unknown_zone_is_refused(read):
    with pytest.raises(AppImportError, match=r"importing 'proj\.app' failed: .*No time zone found with key Mars/Base"):
        read({}, timezone="Mars/Base")


@pytest.mark.parametrize("schedule", [[1], "every day", 5])
def test_a_beat_schedule_that_is_no_dict_is_refused(read, schedule):
    with pytest.raises(AppImportError, match="beat_schedule must be a dict of entries by name, got"):
        read(schedule)


def test_a_starting_deadline_lets_the_newest_missed_run_of_a_crontab_through_and_no_older_one(read):
    table = {"cron": {"task": "a.b", "schedule": crontab()}, "interval": {"task": "a.b", "schedule": 5}}
    drafts, _ = read(table, beat_cron_starting_deadline=600)
    cron, interval = drafts["cron"].entry, drafts["interval"].entry
    assert (cron.misfire, cron.grace, cron.catch_up_limit) == (Misfire.ALL, 600 * SECOND, 1)
    assert interval.misfire is Misfire.LATEST
    assert read(table)[0]["cron"].entry.misfire is Misfire.LATEST


def test_the_removal_of_old_results_is_carried_over_where_a_backend_needs_it(read, tmp_path):
    drafts, notes = read({}, result_backend=f"file://{tmp_path}", timezone="Europe/Berlin")
    entry = drafts["celery.backend_cleanup"].entry
    assert (entry.task, entry.schedule, entry.timezone) == ("celery.backend_cleanup", "0 4 * * *", "Europe/Berlin")
    assert entry.expires == 43_200 * SECOND
    assert notes == ["beat_schedule is empty"]


@pytest.mark.parametrize(
    "conf",
    [
        {},
        {"result_backend": "cache+memory://"},
        {"result_backend": "file:///tmp", "result_expires": None},
    ],
)
def test_it_is_not_where_nothing_is_kept_or_it_goes_by_itself(read, conf):
    assert "celery.backend_cleanup" not in read({}, **conf)[0]


def test_one_of_the_projects_own_comes_first(read, tmp_path):
    own = {"celery.backend_cleanup": {"task": "celery.backend_cleanup", "schedule": 3600}}
    drafts, _ = read(own, result_backend=f"file://{tmp_path}")
    assert drafts["celery.backend_cleanup"].entry.schedule == "every 1h"


def test_a_result_backend_that_cannot_be_loaded_is_said(read):
    drafts, notes = read({"x": {"task": "a.b", "schedule": 5}}, result_backend="nosuch.module:Backend")
    assert list(drafts) == ["x"]
    (note,) = notes
    assert note.startswith("celery.backend_cleanup is left out: the result backend cannot be loaded (")


def test_what_holds_for_the_whole_project_is_said(read):
    table = {"x": {"task": "a.b", "schedule": 5}}
    scheduler = "django_celery_beat.schedulers:DatabaseScheduler"
    _, notes = read(table, beat_scheduler=scheduler, accept_content=["pickle"])
    assert notes == [
        f"beat_scheduler is '{scheduler}': the entries it keeps elsewhere are not read, those of beat_schedule are",
        "accept_content is ['pickle']: its workers refuse beatd's messages; add 'json' to it",
    ]


def test_periodic_tasks_added_by_signals_are_entries():
    app = Celery("proj", set_as_current=False)

    @app.task(name="proj.add", shared=False)
    def add(x, y):
        return x + y

    @app.on_after_configure.connect
    def configured(sender, **kwargs):
        sender.add_periodic_task(10.0, add.s(1, 2), name="by name", expires=5)

    @app.on_after_finalize.connect
    def finalized(sender, **kwargs):
        sender.add_periodic_task(crontab(0, 8), add.s(3, 4).set(queue="q"))

    drafts = {draft.name: draft.entry for draft in entries_of(open_project(app, "proj"))[0]}
    assert set(drafts) == {"by name", "proj.add(3, 4)"}
    assert (drafts["by name"].args, drafts["by name"].expires) == ([1, 2], 5 * SECOND)
    assert (drafts["proj.add(3, 4)"].schedule, drafts["proj.add(3, 4)"].queue) == ("0 8 * * *", "q")


def test_settings_of_celerys_old_names_are_read(read):
    app = Celery("proj", set_as_current=False)
    app.conf.update(CELERYBEAT_SCHEDULE={"x": {"task": "a.b", "schedule": 5}}, CELERY_TIMEZONE="Asia/Tokyo")
    (draft,), _ = entries_of(open_project(app, "proj"))
    assert (draft.entry.schedule, draft.entry.timezone) == ("every 5s", "Asia/Tokyo")
