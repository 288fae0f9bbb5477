"""A scheduler and workers in processes of their own; tasks that behave badly."""

import os
import signal
from pathlib import Path

SCHEDULE = """
[beatd]
app = ["tasks"]
max_deliveries = 2
[defaults]
misfire = "skip"
"""
TASKS = """
import os, signal, time
from beatd import task

@task
def quick():
    return os.getpid()

@task
def slow():
    time.sleep(0.2)
    return os.getppid()

@task
def raises():
    raise RuntimeError("no luck today")

@task
def exits():
    os._exit(7)

@task
def killed():
    os.kill(os.getpid(), signal.SIGKILL)

@task(time_limit=0.5)
def never_ends():
    time.sleep(600)
"""


def entry(name: str, rule: str, task: str) -> str:
    return f'[schedules.{name}]\nschedule = "{rule}"\ntask = "{task}"\n'


def test_a_worker_of_its_own_shares_the_load_and_killing_it_loses_nothing(desk, until) -> None:
    desk.write("tasks.py", TASKS)
    desk.write("beatd.toml", SCHEDULE + entry("slow", "every 100ms", "tasks.slow"))
    scheduler = desk.start("run", "--no-worker")
    scheduler.says("action=fired")
    first, second = desk.start("worker", "-A", "tasks", "-c", "1"), desk.start("worker", "-A", "tasks", "-c", "1")
    for worker in (first, second):
        worker.says("action=done")
    os.kill(first.pid, signal.SIGKILL)
    second.says("action=done")
    scheduler.stop()
    third = desk.start("worker", "-A", "tasks", "-c", "2")
    until(lambda: not waiting(desk), within=60, why=lambda: str(desk.beatd("status").stdout))
    assert second.stop() == third.stop() == 0
    states = [run["state"] for run in desk.runs("--entry", "slow")]
    assert set(states) <= {"success", "missed", "coalesced"}
    # How many there are is the machine's affair; that both workers had some, and none is left, is the test's.
    assert states.count("success") >= 4


def waiting(desk) -> bool:
    return any(run["state"] in {"emitted", "started"} for run in desk.runs())


def test_tasks_that_fail_exit_kill_or_hang_end_on_record_and_the_worker_lives_on(desk, until) -> None:
    desk.write("tasks.py", TASKS)
    bad = ("raises", "exits", "killed", "never_ends", "nobody_registered")
    tables = [entry(name, "every 1s", f"tasks.{name}") + "max_runs = 1\n" for name in bad]
    desk.write("beatd.toml", SCHEDULE + "\n".join(tables) + entry("quick", "every 500ms", "tasks.quick"))
    started = desk.start("run", "--workers", "2")
    until(lambda: all(desk.ended(name) for name in bad), within=40, why=started.said)
    runs = {run["entry"]: run for run in desk.runs() if run["entry"] in bad and run["message_id"]}
    assert {name: run["state"] for name, run in runs.items()} == {
        "raises": "failure",
        "exits": "dead",
        "killed": "dead",
        "never_ends": "failure",
        "nobody_registered": "dead",
    }
    assert "no luck today" in desk.beatd("result", runs["raises"]["message_id"]).stdout
    assert "nobody_registered" in runs["nobody_registered"]["reason"]
    before = len(desk.ended("quick"))
    until(lambda: len(desk.ended("quick")) > before, why=started.said)
    assert started.stop() == 0
    assert "Traceback" not in started.said()


def test_children_and_scheduler_die_with_a_supervisor_that_is_killed(desk, until) -> None:
    desk.write("tasks.py", TASKS)
    desk.write("beatd.toml", SCHEDULE + entry("slow", "every 100ms", "tasks.slow"))
    started = desk.start("run", "--workers", "2")
    started.says("action=done")
    family = descendants(started.pid)
    assert len(family) == 5
    os.kill(started.pid, signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in family), within=10)


def test_either_half_that_dies_is_started_again(desk, until) -> None:
    desk.write("tasks.py", TASKS)
    desk.write("beatd.toml", SCHEDULE + entry("slow", "every 100ms", "tasks.slow"))
    started = desk.start("run", "--workers", "1")
    started.says("action=done")
    for half in children(started.pid):
        os.kill(half, signal.SIGKILL)
    until(lambda: started.said().count("is started again") == 2)
    done = len(desk.ended("slow"))
    until(lambda: len(desk.ended("slow")) > done, why=started.said)
    assert started.stop() == 0


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def descendants(pid: int) -> list[int]:
    return [each for child in children(pid) for each in (child, *descendants(child))]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_task_that_is_acknowledged_early_runs_once_and_its_outcome_is_kept(desk, until) -> None:
    early = "\n@task(acks='early')\ndef once():\n    return 'ran'\n"
    desk.write("tasks.py", TASKS + early)
    desk.write("beatd.toml", SCHEDULE + entry("once", "every 1s", "tasks.once") + "max_runs = 1\n")
    started = desk.start("run", "--workers", "1")
    until(lambda: desk.ended("once") == ["success"], why=started.said)
    (run,) = [run for run in desk.runs("--entry", "once") if run["message_id"]]
    assert "ran" in desk.beatd("result", run["message_id"]).stdout
    assert started.stop() == 0
