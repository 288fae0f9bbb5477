"""What tasks do to the process they run in, and what becomes of their words."""

import json
import signal

import pytest

from beatd.core.states import State
from beatd.worker.guard import FILES_CLOSED


def test_every_line_that_is_logged_while_a_task_runs_names_it(shop, same_child):
    sent = shop.send("speak", entry="nightly", fire_time=5)
    shop.until(lambda: shop.outcome(sent))
    assert shop.outcome(sent).state is State.SUCCESS
    words = ("printed twice", "unfinished", "complained", "\\\\xff bytes", "logged", "of a thread")
    for text in words:
        [line] = [line for line in shop.lines("stderr") if text in line]
        assert f"entry=nightly task=shop.speak message_id={sent} attempt=1" in line, line
    assert "level=warning logger=beatd.task message=complained" in shop.lines_saying("complained")[0]
    assert "level=info logger=beatd.task" in shop.lines_saying("printed")[0]
    assert "logger=shop.stock message=logged" in shop.lines_saying("logged")[0]
    same_child()
    assert not [line for line in shop.lines("stderr")[-1:] if "message_id=" + sent in line]


def test_the_same_in_json_and_as_text(shop):
    shop.start(log_format="json")
    sent = shop.send("speak")
    shop.until(lambda: shop.outcome(sent))
    [told] = [json.loads(line) for line in shop.lines("stderr") if "printed twice" in line]
    assert (told["level"], told["logger"], told["message"]) == ("info", "beatd.task", "printed twice")
    assert (told["task"], told["message_id"], told["attempt"]) == ("shop.speak", sent, 1)
    shop.start(log_format="text", queues=["text"])
    sent = shop.send("speak", queue="text")
    shop.until(lambda: shop.outcome(sent))
    [line] = [line for line in shop.lines("stderr") if "complained" in line and not line.startswith("{")]
    assert line[9:].startswith("warning complained ")
    assert f"message_id={sent}" in line


def test_what_a_task_closes_of_its_output_is_there_for_the_next(shop, same_child):
    assert shop.run("close_output").state is State.SUCCESS
    assert shop.run("speak").state is State.SUCCESS
    assert shop.says("printed twice")
    same_child()


@pytest.mark.parametrize(("how", "code"), [("return", 0), ("raise", 1), ("exit", 7)])
def test_a_copy_of_the_process_that_a_task_lets_return_settles_nothing(shop, same_child, how, code):
    stored = shop.run("fork_and_return", how)
    assert (stored.state, stored.result) == (State.SUCCESS, code)
    assert shop.lines() == ["forked"]
    assert shop.says("in the copy") == (how == "raise")
    same_child()
    assert not shop.says("lease was lost")


@pytest.mark.parametrize("shop", ["prefork", "threads", "solo"], indirect=True)
def test_a_process_that_a_task_forks_heeds_signals_as_it_does_elsewhere(shop, same_child):
    assert shop.run("fork_and_terminate").result == [-signal.SIGTERM, 0, 0, 1, 2]
    same_child()
    assert not shop.says("draining")


def test_standard_files_that_a_task_closes_are_opened_again_and_the_log_goes_on(shop, same_child):
    assert shop.run("close_standard").state is State.SUCCESS
    same_child()
    assert shop.run("speak").state is State.SUCCESS
    shop.until(lambda: shop.says("printed twice"))
    shop.run("fail")
    assert shop.says("no stock")


def test_a_task_that_closes_all_files_ends_its_child_and_is_dead_in_the_end(shop):
    worker = shop.start()
    stored = shop.run("close_all")
    assert (stored.state, stored.result["exc_type"]) == (State.FAILURE, "WorkerLostError")
    assert shop.lines() == ["close_all"] * 2
    assert shop.says("its process was ended, because its task had closed files that are not the task's")
    assert shop.run("note", "alive").state is State.SUCCESS
    assert worker.poll() is None


@pytest.mark.parametrize("shop", ["threads", "solo"], indirect=True)
def test_where_there_are_no_children_it_ends_the_worker_and_is_dead_in_the_end(shop):
    sent = shop.send("close_all")
    for _ in range(2):
        # With 1 where the one who attends to it has noticed first.
        assert shop.start().wait(30) in {1, FILES_CLOSED}
    shop.start()
    assert shop.until(lambda: shop.outcome(sent)).state is State.FAILURE
    assert shop.lines() == ["close_all"] * 2


def test_a_task_that_takes_the_signals_is_stopped_and_limited_all_the_same(shop):
    worker = shop.start()
    pid = shop.run("take_signals").result
    stored = shop.run("forever", soft_time_limit=0.2)
    assert stored.result["exc_type"] == "SoftTimeLimitExceeded"
    assert shop.run("pid").result == pid
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0
