"""A Celery project whose beat is replaced: nothing of it is changed."""

import json
import signal
import sqlite3
from contextlib import closing

import pytest

APP = """
from celery import Celery
from celery.schedules import crontab, solar

app = Celery("proj", broker="redis://localhost/0", include=["proj.tasks"])
app.conf.timezone = "Europe/Berlin"
app.conf.task_routes = {"proj.tasks.mail": {"queue": "mails"}}
app.conf.beat_schedule = {
    "tick": {
        "task": "proj.tasks.add",
        "schedule": SECONDS,
        "args": (2, 3),
        "options": {"priority": 0, "expires": 20, "headers": {"team": "a"}, "retry": True},
    },
    "mail": {"task": "proj.tasks.mail", "schedule": crontab(minute=0, hour=8, day_of_week="mon-fri")},
    "custom": {"task": "proj.tasks.add", "schedule": object()},
}
"""
TASKS = """
from proj.app import app

@app.task
def add(x, y): return x + y

@app.task
def mail(): ...

@app.on_after_finalize.connect
def more(sender, **kwargs):
    sender.add_periodic_task(3600, add.s(4, 5), name="by signal")
"""
SOURCE = "celery:proj.app"


@pytest.fixture
def project(desk):
    desk.write("proj/__init__.py", "")
    desk.write("proj/app.py", APP.replace("SECONDS", "1"))
    desk.write("proj/tasks.py", TASKS)
    return desk


def messages(desk):
    with closing(sqlite3.connect(desk.folder / "beatd.db")) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute("SELECT * FROM beatd_messages")]


def test_beatd_fires_it_in_place_of_celerys_beat_and_takes_its_edits(project) -> None:
    started = project.start("run", "--no-worker", "--schedule", SOURCE, "--broker", "sqlite:///beatd.db")
    started.says("action=fired entry=tick")
    assert "entry 'tick': options.retry is left out" in started.said()
    assert (
        "entry quarantined: celery:proj.app: beat_schedule['custom']: schedule: is a builtins.object" in started.said()
    )

    (sent, *_) = messages(project)
    headers = json.loads(sent["headers"])
    assert (sent["queue"], sent["priority"], headers["task"]) == ("celery", 9, "proj.tasks.add")
    assert json.loads(sent["body"])[:2] == [[2, 3], {}]
    assert (headers["team"], headers["celery_beat_task"], headers["periodic_task_name"]) == ("a", True, "tick")

    project.write("proj/app.py", APP.replace("SECONDS", "0.5"))
    started.says("entry changed: tick", within=5)
    started.process.send_signal(signal.SIGHUP)
    started.says("reading the schedules again")
    project.write("proj/app.py", "this is not Python!")
    started.says("edit not taken, the former set goes on: celery:proj.app: importing 'proj.app' failed: SyntaxError")
    project.write("proj/app.py", APP.replace("SECONDS", "1").replace('"tick"', '"tock"'))
    started.says("action=fired entry=tock", within=10)
    assert started.said().count("entry 'tick': options.retry is left out") == 1
    assert started.stop() == 0
    names = [json.loads(line)["name"] for line in project.beatd("list", "--json").stdout.splitlines()]
    assert names == ["by signal", "custom", "mail", "tock"]


def test_a_project_that_cannot_be_read_ends_the_start(desk) -> None:
    started = desk.start("run", "--no-worker", "--schedule", SOURCE)
    assert started.process.wait(40) == 1
    assert "celery:proj.app: no module named 'proj'; looked in" in started.said()
    assert "Traceback" not in started.said()


def test_it_is_checked_listed_and_explained_like_any_other_source(project) -> None:
    checked = project.beatd("check", SOURCE)
    assert checked.returncode == 1
    assert "warning: celery:proj.app: beat_schedule['tick']: options.retry is left out" in checked.stdout
    assert "error: celery:proj.app: beat_schedule['custom']: schedule: is a builtins.object, whose" in checked.stdout
    assert checked.stdout.endswith("4 entries: 1 wrong, 1 odd\n"), checked.stdout

    found = project.beatd("next", "--schedule", SOURCE, "--after", "2026-11-23T06:59:58Z", "--count", "4", "--json")
    fires = [json.loads(line) for line in found.stdout.splitlines()]
    assert [(fire["fire_time"], fire["entry"]) for fire in fires] == [
        ("2026-11-23T06:59:59Z", "tick"),
        ("2026-11-23T07:00:00Z", "by signal"),
        ("2026-11-23T07:00:00Z", "mail"),
        ("2026-11-23T07:00:00Z", "tick"),
    ]

    explained = project.beatd("explain", "--entry", "mail", "--schedule", SOURCE, "--after", "2026-11-21T12:00:00Z")
    assert "0 8 * * mon-fri" in explained.stdout, explained.stdout + explained.stderr
    assert "Europe/Berlin" in explained.stdout
    assert "2026-11-23T07:00:00Z" in explained.stdout
    wrong = project.beatd("explain", "--entry", "custom", "--schedule", SOURCE)
    assert wrong.returncode == 1
    assert "beat_schedule['custom']: schedule: is a builtins.object" in wrong.stderr


def test_a_task_that_the_project_does_not_know_is_odd(project) -> None:
    project.write(
        "proj/app.py", APP.replace("SECONDS", "1").replace('proj.tasks.mail", "sch', 'proj.tasks.mial", "sch')
    )
    said = project.beatd("check", SOURCE, "--json").stdout
    wanted = "no task named 'proj.tasks.mial' is in celery:proj.app; did you mean 'proj.tasks.mail'?"
    found = [json.loads(line) for line in said.splitlines() if wanted in line]
    assert [(each["level"], each["entry"]) for each in found] == [("warning", "mail")]


def test_the_unit_for_systemd_names_it_as_it_is(project) -> None:
    printed = project.beatd("systemd", "--schedule", SOURCE)
    assert f"--schedule {SOURCE}" in printed.stdout, printed.stdout + printed.stderr
