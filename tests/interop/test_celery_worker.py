"""Workers of Celery's run what beatd emits."""

from datetime import datetime

import pytest

from beatd.clock import SystemClock
from tests.journeys.conftest import until

SECOND = 1_000_000

SCHEDULE = """
[beatd]
history = "all"

[schedules.full]
schedule = "every 1s"
max_runs = 1
task = "proj.tasks.note"
args = [1, "zwei", [3.5, false]]
kwargs = { key = { deep = true } }
queue = "mails"
priority = 7
expires = "10m"
headers = { team = "ä", number = 3 }

[schedules.plain]
schedule = "every 1s"
max_runs = 1
task = "proj.tasks.note"

[schedules.later]
schedule = "every 1s"
max_runs = 1
jitter = "900ms"
task = "proj.tasks.note"
args = ["later"]

[schedules.stale]
schedule = "every 1s"
max_runs = 1
task = "proj.tasks.note"
args = ["stale"]
expires = "1s"
"""


def test_every_property_of_a_fire_arrives_in_celerys_task(project) -> None:
    project.write("beatd.toml", SCHEDULE)
    run = project.start("run", "--no-worker", *project.broker)
    until(lambda: run.said().count("action=fired") == 4, why=run.said)
    fired = {each["entry"]: each for each in project.runs(*project.broker) if each["message_id"]}
    # It waits for as long as to be too old for one of them.
    until(lambda: SystemClock().now() / SECOND > _stamp(fired["stale"]["fire_time"]) + 1.1)
    project.celery_worker("-Q", "celery,mails")
    until(lambda: len(project.ran()) == 3)
    ran = {tuple(each["args"][:1]): each for each in project.ran()}

    full, moment = ran[(1,)], fired["full"]["fire_time"]
    assert (full["args"], full["kwargs"]) == ([1, "zwei", [3.5, False]], {"key": {"deep": True}})
    assert (full["queue"], full["priority"]) == ("mails", 2)
    assert full["id"] == fired["full"]["message_id"]
    assert (full["eta"], _stamp(full["expires"])) == (None, _stamp(moment) + 600)
    ours = {"beatd_entry": "full", "beatd_fire_time": moment, "periodic_task_name": "full"}
    assert full["headers"] == {"team": "ä", "number": 3, **ours}

    plain = ran[()]
    assert (plain["args"], plain["kwargs"], plain["queue"], plain["priority"]) == ([], {}, "celery", 0)
    assert (plain["eta"], plain["expires"], plain["ignore_result"]) == (None, None, None)

    later = ran[("later",)]
    assert _stamp(later["eta"]) > _stamp(fired["later"]["fire_time"])
    assert later["at"] >= _stamp(later["eta"])

    asked = f"stale, plain = map(app.AsyncResult, ({fired['stale']['message_id']!r}, {plain['id']!r}))"
    assert project.client(f"{asked}\nprint(stale.state, plain.get(timeout=5))") == "REVOKED [[], {}]\n"
    assert run.stop() == 0
    # Celery's workers tell beatd nothing, but their results can be read.
    assert {each["state"] for each in project.runs(*project.broker) if each["message_id"]} == {"emitted"}
    assert '"state":"SUCCESS"' in project.beatd("result", plain["id"], "--json", *project.broker).stdout


@pytest.mark.slow
def test_the_soonest_is_run_first(project) -> None:
    entries = [
        f'[schedules.p{priority}]\nschedule = "0 0 1 1 *"\ntask = "proj.tasks.note"\nargs = [{priority}]\n'
        f"priority = {priority}\n"
        for priority in (0, 3, 9, 6)
    ]
    project.write("beatd.toml", "\n".join(entries))
    run = project.start("run", "--no-worker", *project.broker)
    run.says("message=ready")
    for priority in (0, 3, 9, 6):
        assert project.beatd("trigger", f"p{priority}", *project.broker).returncode == 0
    project.celery_worker("--prefetch-multiplier", "1")
    until(lambda: len(project.ran()) == 4)
    assert [each["args"] for each in project.ran()] == [[9], [6], [3], [0]]
    assert run.stop() == 0


def test_beat_is_replaced_and_nothing_else_is_changed(project) -> None:
    project.write(
        "proj/app.py",
        (project.folder / "proj/app.py").read_text()
        + """
app.conf.beat_schedule = {
    "tick": {"task": "proj.tasks.note", "schedule": 1, "args": ("tick",), "options": {"priority": 6, "expires": 30}},
}

@app.on_after_finalize.connect
def more(sender, **kwargs):
    sender.add_periodic_task(1, sender.signature("proj.tasks.note", ("signal",)), name="by signal")
""",
    )
    project.celery_worker()
    beat = project.start("run", "--no-worker", "--schedule", "celery:proj.app", *project.broker)
    until(lambda: len(project.ran()) >= 6, why=beat.said)
    assert beat.stop() == 0
    ran = project.ran()
    names = [each["headers"]["periodic_task_name"] for each in ran]
    assert {tuple(each["args"]) for each in ran} == {("tick",), ("signal",)}
    assert set(names) == {"tick", "by signal"}
    assert {each["priority"] for each in ran if each["args"] == ["tick"]} == {6}
    fires = [(name, each["headers"]["beatd_fire_time"]) for name, each in zip(names, ran, strict=True)]
    assert len(set(fires)) == len(fires)


def _stamp(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
