"""beatd's worker runs what clients of Celery send, and they read its results."""

import json
import os
import signal

import pytest

from tests.journeys.conftest import until


@pytest.fixture
def worker(project):
    started = project.start("worker", "-A", "ours", "-c", "1", "-Q", "celery,mails", *project.broker)
    started.says("worker ready")
    return started


def test_what_a_client_sends_is_run_and_answered(project, worker) -> None:
    said = project.client("""
import json, time
from datetime import datetime, timedelta, timezone
from celery import group

print(json.dumps(note.delay(1, key="ä").get(timeout=20)))
begun = time.time()
late = note.apply_async(("late",), countdown=1.5)
moment = datetime.now(timezone(timedelta(hours=5, minutes=30))) + timedelta(seconds=1)
print(note.apply_async(("moment",), eta=moment).get(timeout=20), late.get(timeout=20), time.time() - begun > 1.2)
print(note.apply_async(("mailed",), queue="mails", headers={"x": 1}).get(timeout=20))
old = note.apply_async(("old",), expires=-1)
try:
    old.get(timeout=20)
except Exception as error:  # of which class is what the test asks
    print(type(error).__name__, error, old.state)
bad = note.delay("fail")
try:
    bad.get(timeout=20)
except ValueError as error:
    print(error.args, bad.state, "in note" in bad.traceback)
print(group(note.s(n) for n in range(3)).apply_async().get(timeout=20))
unkept = note.apply_async(("unkept",), ignore_result=True)
print(note.delay("last").get(timeout=20), app.AsyncResult(unkept.id).state)
""")
    assert said.splitlines() == [
        '[[1], {"key": "\\u00e4"}]',
        "[['moment'], {}] [['late'], {}] True",
        "[['mailed'], {}]",
        "TaskRevokedError expired REVOKED",
        "('no', 'stock') FAILURE True",
        "[[[0], {}], [[1], {}], [[2], {}]]",
        "[['last'], {}] PENDING",
    ]
    assert ["old"] not in [each["args"] for each in project.ran()]
    assert worker.stop() == 0


def test_what_cannot_be_run_is_a_dead_letter_that_says_why_and_the_worker_goes_on(project, worker) -> None:
    project.client("app.conf.task_protocol = 1; note.delay(6)")
    said = project.client("""
from celery import chain
import kombu.serialization

kombu.serialization.register("own", repr, eval, "application/x-own", "utf-8")

bad = [
    note.apply_async((1,), serializer="pickle"),
    note.apply_async((2,), serializer="own"),
    note.apply_async((3,), compression="zlib"),
    app.send_task("proj.tasks.unknown"),
    chain(note.s(4), note.s(5)).apply_async().parent,
]
with app.connection_for_write() as connection:
    connection.default_channel.client.lpush("celery", "no envelope")
print(note.delay("good").get(timeout=20))
for each in bad:
    print(app.AsyncResult(each.id).state)
""")
    assert said.splitlines() == ["[['good'], {}]", *["FAILURE"] * 5]
    assert [each["args"] for each in project.ran()] == [["good"]]
    for reason in (
        "the body's content type is 'application/x-python-serialize' (pickle), and the setting accept allows 'json'",
        "the body's content type is 'application/x-own', which no serializer here has",
        "the body is compressed ('application/x-gzip')",
        "no task named 'proj.tasks.unknown' is registered",
        "its chain to follow are not in this version",
        "Celery's task protocol 2 is needed",
        "the envelope is no JSON",
    ):
        assert reason in worker.said()
    assert "Traceback" not in worker.said()
    status = json.loads(project.beatd("status", "--json", *project.broker).stdout)
    assert status["queues"]["celery"]["dead"] == 7


def test_higher_priority_is_run_first(project) -> None:
    project.client("for level in (9, 6, 0, 3): note.apply_async((level,), priority=level)")
    worker = project.start("worker", "-A", "ours", "-c", "1", *project.broker)
    until(lambda: len(project.ran()) == 4, why=worker.said)
    assert [each["args"] for each in project.ran()] == [[0], [3], [6], [9]]


@pytest.mark.slow
def test_what_a_killed_worker_held_is_run_by_celerys(project, worker) -> None:
    project.write("beatd.toml", '[schedules.never]\ntask = "t"\nschedule = "0 0 1 1 *"\n')
    scheduler = project.start("run", "--no-worker", *project.broker)
    project.client("nap.delay(600); note.delay('held')")
    until(lambda: project.ran(by="beatd"), why=worker.said)
    os.killpg(worker.pid, signal.SIGKILL)
    tasks = (project.folder / "proj/tasks.py").read_text()
    project.write("proj/tasks.py", tasks.replace("time.sleep(seconds)", 'note.delay("napped")'))
    project.celery_worker()
    until(lambda: len(project.ran(by="celery")) == 2, within=50, why=scheduler.said)
    assert sorted(each["args"] for each in project.ran(by="celery")) == [["held"], ["napped"]]


def test_both_kinds_of_workers_share_one_queue_and_run_each_task_once(project, worker) -> None:
    project.celery_worker()
    project.client("for number in range(300): note.delay(number)")
    until(lambda: len(project.ran()) >= 300)
    ran = project.ran()
    assert sorted(each["args"][0] for each in ran) == list(range(300))
    assert {each["by"] for each in ran} == {"beatd", "celery"}


@pytest.mark.slow
def test_a_body_of_a_hundred_megabytes_is_read_and_the_worker_goes_on(project, worker) -> None:
    said = project.client(
        """
big = app.send_task("proj.tasks.nap", (0,), {"x": "x" * 100_000_000})
try:
    big.get(timeout=60)
except TypeError as error:
    print(error)
print(note.delay("good").get(timeout=60))
""",
        within=150,
    )
    words = "nap() got an unexpected keyword argument 'x'; it takes (seconds)"
    assert said.splitlines() == [words, "[['good'], {}]"]
    assert worker.stop() == 0
