"""Editing the file while beatd runs."""

import os
import signal
import time

import pytest

TWO = """
[beatd]
app = ["tasks"]
[schedules.steady]
schedule = "every 500ms"
task = "tasks.steady"
[schedules.{name}]
schedule = "every 500ms"
task = "tasks.other"
"""
TASKS = "from beatd import task\n@task\ndef steady(): pass\n@task\ndef other(): pass\n"


@pytest.fixture
def running(desk):
    desk.write("tasks.py", TASKS)
    desk.write("beatd.toml", TWO.format(name="one"))
    started = desk.start("run")
    started.says("entry=one")
    started.says("action=fired entry=one")
    # It reads the code once: an edit before that would be what it begins with.
    started.says("worker ready")
    return started


def replaced(desk, text):
    desk.write("next.toml~", text)
    (desk.folder / "next.toml~").rename(desk.folder / "beatd.toml")


def test_an_edit_changes_what_fires_within_two_seconds_and_touches_nothing_else(desk, running) -> None:
    began = time.monotonic()
    replaced(desk, TWO.format(name="two"))
    running.says("action=fired entry=two", within=5)
    assert time.monotonic() - began < 2.5
    edits = [line for line in running.said().splitlines() if "action=entry_" in line]
    assert len(edits) == 4
    assert "entry added: two" in edits[2]
    assert "entry removed: one" in edits[3]


def test_an_edit_in_place_and_a_changed_link_are_noticed_too(desk) -> None:
    desk.write("tasks.py", TASKS)
    desk.write("v1/beatd.toml", TWO.format(name="one"))
    desk.write("v2/beatd.toml", TWO.format(name="two"))
    (desk.folder / "current").symlink_to("v1")
    (desk.folder / "prod.toml").symlink_to("current/beatd.toml")
    started = desk.start("run", "--schedule", "prod.toml")
    started.says("action=fired entry=one")
    (desk.folder / "next").symlink_to("v2")
    (desk.folder / "next").rename(desk.folder / "current")
    started.says("action=fired entry=two", within=5)
    desk.write("v2/beatd.toml", TWO.format(name="three"))
    started.says("action=fired entry=three", within=5)


def test_a_broken_edit_keeps_the_old_set_running_until_it_is_mended(desk, running, until) -> None:
    desk.write("beatd.toml", "[schedules.one\n")
    running.says("edit not taken")
    assert "beatd.toml:1" in running.said()
    fired = running.said().count("action=fired entry=one")
    until(lambda: running.said().count("action=fired entry=one") > fired + 1, why=running.said)
    desk.write("beatd.toml", TWO.format(name="two"))
    running.says("action=fired entry=two", within=5)


def test_hangup_reads_everything_again_the_code_too(desk, running) -> None:
    time.sleep(0.1)
    desk.write("tasks.py", TASKS + "from beatd import periodic\n@periodic('every 500ms')\ndef coded(): pass\n")
    os.kill(running.pid, signal.SIGHUP)
    running.says("action=fired entry=tasks.coded")
    running.says("action=done entry=tasks.coded")


def test_stopping_is_graceful_and_the_history_stays(desk, running) -> None:
    running.says("action=done entry=steady")
    assert running.stop(signal.SIGINT) == 0
    assert {"steady", "one"} <= {run["entry"] for run in desk.runs()}


def test_code_that_cannot_be_imported_any_more_is_a_broken_edit(desk, running, until) -> None:
    desk.write("tasks.py", TASKS + "import nothing_of_that_name\n")
    os.kill(running.pid, signal.SIGHUP)
    running.says("edit not taken")
    assert "nothing_of_that_name" in running.said()
    fired = running.said().count("action=fired entry=steady")
    until(lambda: running.said().count("action=fired entry=steady") > fired + 2, why=running.said)
    # An edit of the file does not need the code.
    replaced(desk, TWO.format(name="two"))
    running.says("action=fired entry=two", within=5)
    assert running.process.poll() is None


def test_quiet_stops_the_worker_and_not_the_schedule(desk, running, until) -> None:
    os.kill(running.pid, signal.SIGTSTP)
    fired = running.said().count("action=fired entry=steady")
    until(lambda: running.said().count("action=fired entry=steady") > fired + 3, why=running.said)
    done = running.said().count("action=done entry=steady")
    os.kill(running.pid, signal.SIGCONT)
    until(lambda: running.said().count("action=done entry=steady") > done + 2, why=running.said)
    assert running.stop() == 0
