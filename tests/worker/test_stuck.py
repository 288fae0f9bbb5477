import os
import signal

import pytest

from beatd.core.states import State

MS = 1000


def the_child(shop, until):
    return until(lambda: [child for child in shop.children() if child["state"] == "idle"])[0]


def test_an_idle_child_that_is_stopped_is_killed_and_what_it_had_claimed_runs_at_once(shop, until, is_alive):
    shop.start(silent_after=2000 * MS, report=100 * MS, lease=60_000_000)
    child = the_child(shop, until)
    os.kill(child["pid"], signal.SIGSTOP)
    sent = shop.send("pid")
    # As if it had been stopped between the claim and the run.
    assert len(shop.broker.receiver.claim(["celery"], owner=child["owner"], limit=1, lease=60_000_000)) == 1
    assert until(lambda: shop.outcome(sent), seconds=10).result != child["pid"]
    until(lambda: not is_alive(child["pid"]))
    (line,) = shop.lines_saying("gives no sign of life")
    assert f"action=kill worker={child['owner']}" in line
    assert not shop.says("unexpectedly")


def test_an_idle_child_that_is_held_from_outside_python_shows_where_and_is_replaced(shop, until, is_alive):
    shop.start(silent_after=2000 * MS)
    before = shop.run("pid").result
    shop.run("leave_a_hog")
    until(lambda: shop.says("gives no sign of life"))
    until(lambda: not is_alive(before))
    assert shop.says("in hold_everything")
    assert shop.run("pid").result != before
    assert len(shop.lines_saying("gives no sign of life")) == 1


def test_a_long_task_and_a_child_that_waits_are_no_silence(shop, until):
    shop.start(silent_after=2000 * MS, concurrency=2)
    assert shop.run("nap", 3, "long").state is State.SUCCESS
    assert shop.lines() == ["long begun", "long ended"]
    assert not shop.says("gives no sign of life")


@pytest.mark.parametrize("task", ["forever", "hang_in_c"])
def test_a_task_that_is_killed_at_its_hard_limit_shows_where_it_hung(shop, until, task):
    shop.start()
    sent = shop.send(task, time_limit=0.5)
    assert until(lambda: shop.outcome(sent)).result["exc_type"] == "TimeLimitExceeded"
    (line,) = shop.lines_saying("over its time limit; its stack follows")
    assert f"action=kill task=shop.{task} message_id={sent} attempt=1" in line
    assert shop.says(f"in {task}")


def test_a_task_that_lets_no_signal_through_is_killed_without_its_stack(shop, until):
    shop.start()
    sent = shop.send("hang_deaf", time_limit=0.5)
    assert until(lambda: shop.outcome(sent)).result["exc_type"] == "TimeLimitExceeded"


def test_a_task_that_ends_while_its_stack_is_written_is_spared_and_so_is_its_child(shop, until):
    shop.start()
    stored = shop.run("until_a_signal", time_limit=0.5)
    assert stored.state is State.SUCCESS
    assert shop.run("linger", 0.5).state is State.SUCCESS
    assert shop.run("pid").result == stored.result


def test_a_child_that_was_spared_is_asked_for_its_stack_again_when_it_is_stuck_later(shop, until):
    shop.start(silent_after=2000 * MS)
    spared = shop.run("until_a_signal", time_limit=0.5).result
    shop.run("leave_a_hog")
    (line,) = until(lambda: shop.lines_saying("gives no sign of life"))
    assert f"pid={spared}" in line
    until(lambda: shop.says("in hold_everything"))


def test_a_stopped_child_is_killed_at_the_hard_limit_of_its_task(shop, until):
    shop.start()
    sent = shop.send("forever", time_limit=1)
    pid = int(until(shop.lines)[0].split()[1])
    os.kill(pid, signal.SIGSTOP)
    assert until(lambda: shop.outcome(sent)).result["exc_type"] == "TimeLimitExceeded"
    assert shop.says("in forever")


def test_a_worker_without_standard_error_keeps_its_limits(shop, until):
    shop.start(closed_stderr=True)
    sent = shop.send("forever", time_limit=0.5)
    assert until(lambda: shop.outcome(sent)).result["exc_type"] == "TimeLimitExceeded"
