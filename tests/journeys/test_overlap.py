"""A task that takes longer than the time to the next fire, under each policy, also when its worker is killed."""

import json
import os
import signal
from itertools import pairwise
from pathlib import Path

import pytest

TASKS = """
import os, time
from beatd import task

def note(line):
    fd = os.open("noted.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, (line + "\\n").encode())
    os.close(fd)

@task(bind=True)
def slow(self):
    note(f"begun {self.request.id} {os.getpid()}")
    time.sleep(1.2)
    note(f"ended {self.request.id} {os.getpid()}")

@task(bind=True)
def stuck(self):
    note(f"begun {self.request.id} {os.getpid()}")
    time.sleep(600)

@task
def raises():
    raise RuntimeError("no luck today")
"""
FILE = '[beatd]\napp = ["tasks"]\nworkers = 3\n[schedules.e]\nschedule = "every 500ms"\nmisfire = "skip"\n'


def begin(desk, task: str, fields: str, broker: str | None = None):
    desk.write("tasks.py", TASKS)
    given = "" if broker is None else f'broker = "{broker}"\nhistory = "all"\n'
    desk.write(
        "beatd.toml", FILE.replace("workers = 3\n", f"workers = 3\n{given}") + f'task = "tasks.{task}"\n{fields}\n'
    )
    return desk.start("run")


def noted(desk) -> list[list[str]]:
    path = desk.folder / "noted.txt"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def most_at_once(lines: list[list[str]]) -> int:
    running, most = 0, 0
    for word, *_ in lines:
        running += 1 if word == "begun" else -1
        most = max(most, running)
    return most


def states(desk) -> list[str]:
    return [run["state"] for run in desk.runs("--entry", "e")][::-1]


def test_allowed_to_overlap_they_run_beside_each_other(desk, until) -> None:
    begin(desk, "slow", "")
    until(lambda: most_at_once(noted(desk)) > 1)


def test_skip_runs_one_at_a_time_and_puts_the_others_on_record(desk, until) -> None:
    run = begin(desk, "slow", 'overlap = "skip"')
    until(lambda: len(noted(desk)) >= 6)
    assert most_at_once(noted(desk)) == 1
    assert run.stop() == 0
    found = states(desk)
    assert found.count("overlap_skipped") >= 3
    assert found.count("success") >= 3
    skipped = desk.runs("--entry", "e", "--only", "overlap_skipped")[0]
    assert (skipped["count"], skipped["message_id"]) == (1, None)
    assert desk.beatd("runs", "--only", "overlap_skiped").returncode == 2


def test_queue_one_runs_one_after_the_other_without_a_pause(desk, until, broker) -> None:
    run = begin(desk, "slow", 'overlap = "queue_one"', broker)
    until(lambda: len(noted(desk)) >= 8)
    assert most_at_once(noted(desk)) == 1
    until(lambda: "held" in states(desk))
    shown = json.loads(desk.beatd("show", "e", "--json").stdout)
    assert shown["unfinished"]["message_id"] != (shown["held"] or {}).get("message_id")
    listed = json.loads(desk.beatd("list", "--json").stdout)
    assert listed["unfinished"] is not None
    assert "unfinished" in desk.beatd("show", "e").stdout
    run.stop()
    runs = [each for each in desk.runs("--entry", "e", "--only", "success") if each["started_at"]][::-1]
    for former, latter in pairwise(runs):
        assert former["finished_at"] <= latter["started_at"]
    run.says("action=held")


def test_cancel_previous_ends_the_running_one_and_runs_the_next(desk, until, is_alive, broker) -> None:
    run = begin(desk, "stuck", 'overlap = "cancel_previous"', broker)
    until(lambda: len(noted(desk)) >= 4)
    first = noted(desk)[0]
    run.says("a running task was revoked, and is killed")
    until(lambda: not is_alive(int(first[2])))
    until(lambda: states(desk).count("revoked") >= 2)
    assert [line[1] for line in noted(desk)] == list(dict.fromkeys(line[1] for line in noted(desk))), "ran again"
    ended = [each for each in desk.runs("--entry", "e", "--only", "revoked") if each["message_id"] == first[1]]
    assert [each["reason"] for each in ended] == ["revoked while it ran, and killed"]


def test_a_task_that_never_ends_is_not_waited_for_beyond_the_time_out(desk, until) -> None:
    run = begin(desk, "stuck", 'overlap = "queue_one"\noverlap_timeout = "2s"')
    until(lambda: len(noted(desk)) >= 2)
    run.says("action=overlap_timeout")
    reasons = [each["reason"] for each in desk.runs("--entry", "e")]
    assert "overlap_timeout: not waited for any longer" in reasons


@pytest.mark.parametrize("whom", ["child", pytest.param("everything", marks=pytest.mark.slow)])
def test_kill_9_in_between_leaves_nothing_held_and_nothing_beside_another(desk, until, whom, broker) -> None:
    run = begin(desk, "slow", 'overlap = "queue_one"', broker)
    until(lambda: len(noted(desk)) >= 3)
    if whom == "child":
        os.kill(int(noted(desk)[-1][2]), signal.SIGKILL)
    else:
        os.killpg(run.pid, signal.SIGKILL)
        run.process.wait(10)
        # A claim of what was killed ends with its lease; the test does not wait as long as that.
        run = desk.start("run")
    before = len([line for line in noted(desk) if line[0] == "ended"])
    until(lambda: len([line for line in noted(desk) if line[0] == "ended"]) >= before + 4, within=50)
    assert run.stop() == 0
    # The one that was killed has begun and not ended; but for it they come in pairs.
    ended = {line[1] for line in noted(desk) if line[0] == "ended"}
    whole = [line for line in noted(desk) if line[1] in ended]
    seen: dict[str, int] = {line[1]: at for at, line in enumerate(whole) if line[0] == "begun"}
    kept = [line for at, line in enumerate(whole) if line[0] == "ended" or seen[line[1]] == at]
    assert most_at_once(kept) == 1


def test_failures_in_a_row_pause_the_entry_until_it_is_resumed(desk, until, broker) -> None:
    run = begin(desk, "raises", "pause_after_failures = 3", broker)
    run.says("entry paused: 3 failures in a row")
    until(lambda: "paused" in states(desk))
    shown = desk.beatd("show", "e").stdout
    assert "by beatd" in shown
    assert "RuntimeError: no luck today" in shown
    assert json.loads(desk.beatd("list", "--json").stdout)["state"] == "paused"
    emitted = len([state for state in states(desk) if state != "paused"])
    assert emitted <= 5
    assert desk.beatd("resume", "e").returncode == 0
    until(lambda: len([state for state in states(desk) if state == "failure"]) >= emitted + 1)
    assert Path(run.log).read_text().count("entry paused") >= 1


@pytest.fixture
def is_alive():
    def alive(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
        except OSError:
            return False

    return alive
