import signal

import pytest

from beatd.core.states import State

MS = 1000
without_children = pytest.mark.parametrize("shop", ["threads", "solo"], indirect=True)
in_threads = pytest.mark.parametrize("shop", ["threads"], indirect=True)
in_one = pytest.mark.parametrize("shop", ["solo"], indirect=True)


@without_children
def test_tasks_run_in_the_one_process(shop):
    worker = shop.start(concurrency=2)
    assert shop.run("pid").result == worker.pid
    assert shop.run("fail").result["exc_type"] == "ValueError"
    assert "did you mean" in shop.run("notes").reason


@in_threads
@pytest.mark.parametrize("task", ["meet", "meet_later"])
def test_as_many_tasks_run_at_a_time_as_there_are_threads(shop, until, task):
    shop.start(concurrency=4)
    sent = [shop.send(task) for _ in range(8)]
    assert [until(lambda each=each: shop.outcome(each)).result for each in sent] == [True] * 8


@in_threads
def test_tasks_that_are_slow_leave_one_thread_for_those_that_are_not(shop, until):
    shop.start(concurrency=4)
    for number in range(3):
        shop.send("forever", f"slow {number}")
    until(lambda: len(shop.lines()) == 3)
    quick = [shop.send("linger", 0) for _ in range(100)]
    until(lambda: all(shop.outcome(each) for each in quick), seconds=10)


@without_children
def test_leases_are_renewed_while_tasks_run_in_all_threads(shop, until):
    shop.start(lease=600 * MS, concurrency=3)
    sent = [shop.send("nap", 2, f"{number}") for number in range(3)]
    shop.start(lease=600 * MS)
    until(lambda: all(shop.outcome(each) for each in sent))
    assert len(shop.lines()) == 6


@in_threads
@pytest.mark.parametrize("signums", [[signal.SIGTERM, signal.SIGTERM], [signal.SIGQUIT]])
def test_what_all_threads_hold_is_given_back(shop, until, signums):
    worker = shop.start(concurrency=3)
    for number in range(3):
        shop.send("forever", f"slow {number}")
    until(lambda: len(shop.lines()) == 3)
    for signum in signums:
        worker.send_signal(signum)
        until(lambda: shop.says("draining") or shop.says("stopping"))
    assert worker.wait(10) == 0
    assert shop.sizes()["ready"] == 3
    assert shop.says("message=stopped action=stopped given_back=3")


@in_one
def test_soft_limits_hold(shop):
    shop.start()
    assert shop.run("careful", soft_time_limit=0.1).result == "cleaned up"


@in_threads
def test_soft_limits_hold_where_a_task_comes_back_to_python(shop, until):
    shop.start(concurrency=2)
    beside = shop.send("nap", 1, "beside")
    cleaned = "cleaned up: soft time limit of 0.1 s exceeded"
    assert shop.run("careful_in_steps", soft_time_limit=0.1).result == cleaned
    late = shop.run("linger", 0.5, soft_time_limit=0.1)
    assert (late.result["exc_type"], late.result["exc_module"]) == ("SoftTimeLimitExceeded", "beatd.errors")
    assert until(lambda: shop.outcome(beside)).state is State.SUCCESS


@without_children
def test_a_hard_limit_that_is_not_enforced_is_told_once(shop):
    shop.start()
    for _ in range(2):
        assert shop.run("nap", 0.2, "long", time_limit=0.1).state is State.SUCCESS
    pool = shop.pool
    assert len(shop.lines_saying(f"the {pool} pool does not enforce time_limit")) == 1


@without_children
def test_a_thread_that_fails_beside_its_task_is_told_and_begins_anew(shop, until):
    worker = shop.start(concurrency=2)
    shop.run("note", "before")
    (shop.folder / "bug").write_text("claim")
    sent = shop.send("note", "after")
    what = {"threads": "a thread of the worker", "solo": "the worker's loop"}[shop.pool]
    until(lambda: shop.says(f"{what} failed and begins anew"))
    assert shop.says("SystemExit: a bug in claim")
    (shop.folder / "bug").unlink()
    assert until(lambda: shop.outcome(sent)).state is State.SUCCESS
    assert worker.poll() is None


@without_children
def test_what_a_thread_held_that_fails_is_delivered_again(shop, until):
    shop.start()
    sent = shop.send("nap", 0.3, "it")
    until(lambda: shop.lines() == ["it begun"])
    (shop.folder / "bug").write_text("begin_settle once")
    until(lambda: shop.says("failed and begins anew"))
    assert until(lambda: shop.outcome(sent)).state is State.SUCCESS
    assert shop.lines() == ["it begun", "it ended"] * 2


@without_children
def test_where_nobody_renews_leases_any_more_the_worker_ends(shop, until):
    worker = shop.start(lease=1_000_000)
    shop.send("forever")
    until(shop.lines)
    (shop.folder / "bug").write_text("renew")
    assert worker.wait(10) == 1
    assert shop.says("a bug in renew")


@without_children
def test_usr1_writes_the_stacks_of_all_threads(shop, until):
    worker = shop.start()
    shop.send("forever")
    until(shop.lines)
    worker.send_signal(signal.SIGUSR1)
    until(lambda: shop.says("in forever") and shop.says("in attend"))
    assert worker.poll() is None


@without_children
def test_hup_is_answered_that_the_application_cannot_be_loaded_anew(shop, until):
    worker = shop.start()
    shop.run("note", "before")
    worker.send_signal(signal.SIGHUP)
    until(lambda: shop.says(f"the {shop.pool} pool cannot load the application anew"))
    assert shop.run("note", "after").result == "after"


def test_another_pool_is_refused_and_says_what_there_is(shop):
    worker = shop.start(pool="gevent")
    assert worker.wait(10) == 1
    assert shop.says("pool: 'gevent' is not in this version; use prefork, threads or solo")
