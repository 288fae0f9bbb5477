import os
import signal
import time

import pytest

from beatd.core.states import State

MS = 1000
every_pool = pytest.mark.parametrize("shop", ["prefork", "threads", "solo"], indirect=True)
several_at_a_time = pytest.mark.parametrize("shop", ["prefork", "threads"], indirect=True)


def note_pid(shop, prefix):
    return [int(line.split()[-1]) for line in shop.lines() if line.startswith(prefix)]


@every_pool
def test_tasks_are_run_and_their_results_kept(shop, until):
    shop.start(concurrency=2)
    ids = [shop.send("note", f"number {number}") for number in range(200)]
    until(lambda: all(shop.state(each) is State.SUCCESS for each in ids))
    assert sorted(shop.lines()) == sorted(f"number {number}" for number in range(200))
    assert shop.outcome(ids[7]).result == "number 7"
    assert shop.sizes().get("ready", 0) == 0


@every_pool
def test_a_task_that_raises_has_failed_with_its_traceback(shop, until):
    shop.start()
    stored = shop.run("fail")
    assert (stored.state, stored.result["exc_type"]) == (State.FAILURE, "ValueError")
    assert 'raise ValueError("no stock")' in stored.traceback


@every_pool
def test_an_unknown_task_is_dead_with_the_reason_and_the_worker_lives_on(shop, until):
    worker = shop.start()
    sent = shop.send("notes", "x")
    stored = until(lambda: shop.outcome(sent))
    assert "no task named 'shop.notes' is registered; did you mean 'shop.note'" in stored.reason
    assert stored.traceback is None
    assert shop.sizes()["dead"] == 1
    shop.run("note", "alive")
    assert worker.poll() is None


@pytest.mark.parametrize(("task", "args"), [("leave", (0,)), ("leave", (7,)), ("kill", ())])
def test_a_task_that_ends_its_process_runs_again_until_it_is_dead(shop, until, task, args):
    shop.start()
    sent = shop.send(task, *args)
    stored = until(lambda: shop.outcome(sent))
    assert shop.lines() == [task] * 2
    assert stored.result["exc_type"] == "WorkerLostError"
    assert shop.sizes()["dead"] == 1
    died = {"leave": "ended with exit code", "kill": "was killed by SIGKILL"}[task]
    (line, *_) = shop.lines_saying("a child ended unexpectedly")
    assert f"action=restart task=shop.{task} message_id={sent} " in line
    assert died in line
    (line,) = until(lambda: shop.lines_saying("action=dead"))
    assert f"task=shop.{task} message_id={sent} " in line
    assert 'reason="delivered 2 times and never settled' in line
    shop.run("note", "alive")


def test_a_child_that_dies_names_the_entry(shop, until):
    shop.start()
    shop.send("kill", entry="nightly", fire_time=5)
    until(lambda: shop.lines_saying("a child ended unexpectedly"))
    assert "action=restart entry=nightly task=shop.kill " in shop.lines_saying("a child ended unexpectedly")[0]


def test_a_killed_childs_message_is_back_long_before_its_lease_ends(shop, until):
    shop.start(lease=60_000_000)
    shop.send("forever")
    pid = until(lambda: note_pid(shop, "forever"))[0]
    killed_at = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    until(lambda: len(shop.lines()) == 2)
    assert time.monotonic() - killed_at < 5


def test_a_task_that_never_ends_is_killed_at_its_hard_limit_with_all_it_started(shop, until, is_alive):
    shop.start()
    sent = shop.send("with_process", time_limit=0.5)
    started = until(lambda: note_pid(shop, "started"))[0]
    stored = until(lambda: shop.outcome(sent))
    assert (stored.state, stored.result["exc_type"]) == (State.FAILURE, "TimeLimitExceeded")
    assert "time limit of 0.5 s" in stored.reason
    assert 0.4 < (stored.finished_at - stored.started_at) / 1e6 < 3
    until(lambda: not is_alive(started))
    assert len(shop.lines()) == 1
    shop.run("note", "alive")


def test_soft_limits_caught_and_uncaught(shop, until):
    shop.start()
    caught = shop.send("careful", soft_time_limit=0.1)
    uncaught = shop.send("forever", soft_time_limit=0.1)
    assert until(lambda: shop.outcome(caught)).result == "cleaned up"
    assert until(lambda: shop.outcome(uncaught)).result["exc_type"] == "SoftTimeLimitExceeded"


@every_pool
def test_retries_are_counted_and_end_with_the_dead_letters(shop, until):
    shop.start()
    sent = shop.send("stubborn")
    stored = until(lambda: shop.outcome(sent))
    assert shop.lines() == ["stubborn"] * 3
    assert stored.reason == "all 2 retries used: ValueError: no stock"
    assert shop.sizes()["dead"] == 1


@every_pool
def test_a_bound_task_retries_later_and_knows_it(shop, until):
    shop.start()
    assert shop.run("second_time").result == 1


def test_a_task_that_may_run_once_does_not_run_again_when_its_process_dies(shop, until):
    shop.start()
    sent = shop.send("once")
    until(lambda: shop.says("a child ended unexpectedly"))
    shop.run("note", "alive")
    assert shop.lines() == ["once", "alive"]
    assert shop.sizes().get("dead", 0) == 0
    stored = shop.outcome(sent)
    assert (stored.state, stored.result["exc_type"]) == (State.FAILURE, "WorkerLostError")
    assert "ended with exit code 1" in stored.reason
    assert shop.lines_saying("action=failed")


@every_pool
def test_a_task_that_may_run_once_has_failed_when_the_drain_ends_it(shop, until):
    worker = shop.start(drain_timeout=100 * MS)
    sent = shop.send("once_forever")
    until(lambda: shop.state(sent) is State.STARTED and shop.lines())
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert shop.outcome(sent).result["exc_type"] == "WorkerLostError"
    assert "ready" not in {state for state, count in shop.sizes().items() if count}


@several_at_a_time
def test_a_long_task_keeps_its_lease(shop, until):
    shop.start(lease=600 * MS, concurrency=2)
    sent = shop.send("nap", 2, "long")
    stored = until(lambda: shop.outcome(sent))
    assert stored.state is State.SUCCESS
    assert shop.lines() == ["long begun", "long ended"]


@several_at_a_time
def test_a_quick_task_does_not_wait_behind_a_long_one(shop, until):
    shop.start(concurrency=2)
    quick = [shop.send("note", f"{number}") for number in range(50)]
    until(lambda: all(shop.outcome(each) for each in quick))
    shop.send("nap", 20, "long")
    more = [shop.send("note", f"more {number}") for number in range(50)]
    until(lambda: all(shop.outcome(each) for each in more), seconds=10)
    assert "long ended" not in shop.lines()


@several_at_a_time
def test_a_quick_task_that_turns_slow_gives_back_what_its_child_claimed_beside_it(shop, until):
    worker = shop.start(concurrency=2)
    quick = [shop.send("linger", 0) for _ in range(100)]
    until(lambda: all(shop.outcome(each) for each in quick))
    worker.send_signal(signal.SIGTSTP)
    until(lambda: shop.says("claiming nothing"))
    time.sleep(0.6)
    # Claimed in one batch now, the slow one first.
    shop.send("linger", 30)
    more = [shop.send("linger", 0) for _ in range(100)]
    worker.send_signal(signal.SIGCONT)
    until(lambda: all(shop.outcome(each) for each in more), seconds=10)


@every_pool
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_request_to_stop_lets_the_running_end_and_leaves_the_rest(shop, until, signum):
    worker = shop.start()
    running, waiting = shop.send("nap", 1, "first"), shop.send("note", "second")
    until(lambda: "first begun" in shop.lines())
    worker.send_signal(signum)
    assert worker.wait(10) == 0
    assert shop.outcome(running).state is State.SUCCESS
    assert shop.lines() == ["first begun", "first ended"]
    assert shop.sizes()["ready"] == 1
    assert shop.state(waiting) is State.PENDING
    assert shop.broker.admin.workers() == []


@every_pool
def test_what_runs_longer_than_the_drain_is_given_back_without_penalty(shop, until, is_alive):
    for _ in range(3):
        worker = shop.start(drain_timeout=100 * MS)
        if not shop.lines():
            shop.send("forever")
        pid = until(lambda: note_pid(shop, "forever")[len(shop.processes) - 1 :])[0]
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
        assert not is_alive(pid)
        assert shop.sizes()["ready"] == 1
    assert len(shop.lines_saying("message=draining action=stop running=1")) == 3
    assert len(shop.lines_saying("action=drain_timeout running=1")) == 3
    assert len(shop.lines_saying("message=stopped action=stopped given_back=1")) == 3


@every_pool
@pytest.mark.parametrize("signums", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGQUIT,)])
def test_a_second_request_or_quit_ends_it_now(shop, until, signums):
    worker = shop.start()
    shop.send("forever")
    until(lambda: note_pid(shop, "forever"))
    for signum in signums:
        assert worker.poll() is None
        worker.send_signal(signum)
        until(lambda: shop.says("stopping") or shop.says("draining"))
    assert worker.wait(5) == 0
    assert shop.sizes()["ready"] == 1


@every_pool
def test_a_killed_supervisor_takes_its_children_with_it_and_another_worker_takes_over(shop, until, is_alive):
    worker = shop.start(lease=1_000_000)
    shop.send("forever", "first")
    pid = until(lambda: note_pid(shop, "first"))[0]
    worker.kill()
    until(lambda: not is_alive(pid))
    shop.start(lease=1_000_000)
    until(lambda: len(shop.lines()) == 2)


def test_usr1_writes_the_stacks_of_all_processes(shop, until):
    worker = shop.start()
    shop.send("forever")
    until(lambda: note_pid(shop, "forever"))
    worker.send_signal(signal.SIGUSR1)
    until(lambda: shop.says("in forever") and shop.says("supervisor.py"))
    assert worker.poll() is None


@every_pool
def test_tstp_makes_it_quiet_and_cont_wakes_it(shop, until):
    worker = shop.start()
    shop.run("note", "before")
    worker.send_signal(signal.SIGCONT)
    # Apart from each other: of signals that wait together the kernel runs the handlers in an order of its own.
    time.sleep(0.3)
    worker.send_signal(signal.SIGTSTP)
    until(lambda: shop.says("claiming nothing"))
    assert not shop.says("claiming again")
    # A wait that had begun may end with a claim; the one after it does not.
    shop.send("note", "between")
    time.sleep(1)
    sent = shop.send("note", "after")
    time.sleep(0.5)
    assert shop.state(sent) is State.PENDING
    worker.send_signal(signal.SIGCONT)
    until(lambda: shop.outcome(sent))
    assert shop.says("claiming again")


@every_pool
def test_an_application_that_cannot_be_imported_is_told_once_and_ends_the_worker_with_1(shop):
    (shop.folder / "shop_tasks.py").write_text("import no_such_module")
    worker = shop.start(concurrency=4)
    assert worker.wait(10) == 1
    assert shop.lines("loaded") == ["loaded"]
    assert len([line for line in shop.lines("stderr") if line.startswith("ModuleNotFoundError")]) == 1


def test_the_supervisor_never_imports_the_application(shop, until):
    worker = shop.start()
    child = shop.run("pid").result
    assert child != worker.pid
    until(lambda: shop.says('message="worker ready" action=ready'))
    assert len(shop.lines("loaded")) == 1


@every_pool
def test_the_worker_reports_what_its_children_do(shop, until):
    shop.start(report=100 * MS)
    sent = shop.send("nap", 20, "long")
    busy = until(lambda: [child for child in shop.children() if child.get("task")])[0]
    assert (busy["state"], busy["task"], busy["message_id"]) == ("busy", "shop.nap", sent)


@every_pool
def test_only_the_named_queues_are_served(shop, until):
    shop.start(queues=["mail"])
    other = shop.send("note", "other", queue="celery")
    mail = shop.send("note", "mail", queue="mail")
    until(lambda: shop.outcome(mail))
    assert shop.state(other) is State.PENDING
    (ready,) = until(lambda: shop.lines_saying("worker ready"))
    assert ready.endswith("queues=mail")


@every_pool
def test_leases_of_another_worker_that_ended_are_reaped(shop, until):
    sent = shop.send("note", "left behind")
    assert len(shop.broker.receiver.claim(["celery"], owner="gone/1", limit=1, lease=1)) == 1
    shop.start()
    until(lambda: shop.outcome(sent), seconds=10)


@every_pool
def test_an_outage_of_the_broker_is_told_once_and_survived(shop, until):
    worker = shop.start(report=100 * MS)
    shop.run("note", "before")
    (shop.folder / "outage").touch()
    until(lambda: shop.says("the broker is not available"))
    sent = shop.send("note", "after")
    time.sleep(1)
    assert worker.poll() is None
    assert shop.state(sent) is State.PENDING
    (shop.folder / "outage").unlink()
    until(lambda: shop.outcome(sent))
    until(lambda: shop.says("the broker is available again"))
    assert len([line for line in shop.lines("stderr") if "is not available" in line]) == 1


@every_pool
def test_an_outcome_is_settled_after_an_outage_that_began_during_the_run(shop, until):
    shop.start(lease=60_000_000)
    sent = shop.send("nap", 0.5, "through")
    until(lambda: "through begun" in shop.lines())
    (shop.folder / "outage").touch()
    until(lambda: "through ended" in shop.lines())
    time.sleep(0.3)
    (shop.folder / "outage").unlink()
    assert until(lambda: shop.outcome(sent)).state is State.SUCCESS
    assert shop.lines() == ["through begun", "through ended"]


def test_a_child_that_dies_during_an_outage_gives_its_message_back_after_it(shop, until):
    shop.start(lease=60_000_000)
    shop.send("forever")
    pid = until(lambda: note_pid(shop, "forever"))[0]
    (shop.folder / "outage").touch()
    os.kill(pid, signal.SIGKILL)
    until(lambda: shop.says("the broker is not available"))
    (shop.folder / "outage").unlink()
    until(lambda: len(shop.lines()) == 2)


def test_a_running_task_that_is_revoked_with_termination_is_killed_and_no_other(shop, until, is_alive):
    shop.start(concurrency=2)
    sent, other = shop.send("forever", "one"), shop.send("forever", "two")
    (pid,), (beside,) = until(lambda: note_pid(shop, "one")), until(lambda: note_pid(shop, "two"))
    assert shop.broker.limits.revoke(sent, terminate=True)
    stored = until(lambda: shop.outcome(sent))
    assert (stored.state, stored.reason) == (State.REVOKED, "revoked while it ran, and killed")
    assert stored.started_at < stored.finished_at
    until(lambda: not is_alive(pid))
    assert "action=revoked task=shop.forever" in shop.lines_saying("a running task was revoked")[0]
    assert not shop.lines_saying("task failed")
    # The child is replaced, and the revoked one does not run again.
    shop.run("note", "alive")
    assert is_alive(beside)
    assert len(shop.lines()) == 3
    assert shop.outcome(other) is None


@every_pool
def test_a_running_task_that_is_revoked_without_termination_goes_on(shop, until, is_alive):
    shop.start()
    sent = shop.send("nap", 2, "n")
    until(lambda: shop.lines() == ["n begun"])
    assert shop.broker.limits.revoke(sent)
    assert until(lambda: shop.outcome(sent)).state is State.SUCCESS
