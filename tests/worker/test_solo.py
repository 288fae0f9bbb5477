import signal

import pytest

from beatd.core.states import State

MS = 1000


def test_tasks_run_in_the_one_process(shop, until):
    worker = shop.start(pool="solo")
    assert shop.run("pid").result == worker.pid
    assert shop.run("fail").result["exc_type"] == "ValueError"
    assert "did you mean" in shop.run("notes").reason


def test_a_request_to_stop_lets_the_running_end(shop, until):
    worker = shop.start(pool="solo")
    running = shop.send("nap", 1, "first")
    until(lambda: "first begun" in shop.lines())
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert shop.outcome(running).state is State.SUCCESS
    assert shop.broker.admin.workers() == []


@pytest.mark.parametrize(
    ("options", "signums"),
    [({"drain_timeout": 100 * MS}, [signal.SIGTERM]), ({}, [signal.SIGTERM, signal.SIGTERM]), ({}, [signal.SIGQUIT])],
)
def test_what_does_not_end_in_time_is_given_back(shop, until, options, signums):
    worker = shop.start(pool="solo", **options)
    shop.send("forever")
    until(shop.lines)
    for signum in signums:
        worker.send_signal(signum)
        until(lambda: shop.says("draining") or shop.says("stopping"))
    assert worker.wait(10) == 0
    assert shop.sizes()["ready"] == 1
    assert shop.says("action=stop running=1")
    assert shop.says("message=stopped action=stopped given_back=1")


def test_a_task_that_may_run_once_has_failed_when_the_drain_ends_it(shop, until):
    worker = shop.start(pool="solo", drain_timeout=100 * MS)
    sent = shop.send("once_forever")
    until(lambda: shop.state(sent) is State.STARTED and shop.lines())
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert shop.outcome(sent).result["exc_type"] == "WorkerLostError"


def test_the_lease_is_renewed_while_a_task_runs(shop, until):
    shop.start(pool="solo", lease=600 * MS)
    shop.start(lease=600 * MS)
    sent = [shop.send("nap", 2, "long") for _ in range(2)]
    until(lambda: all(shop.outcome(each) for each in sent))
    assert shop.lines().count("long begun") == 2


def test_soft_limits_hold(shop):
    shop.start(pool="solo")
    assert shop.run("careful", soft_time_limit=0.1).result == "cleaned up"


def test_a_hard_limit_that_is_not_enforced_is_told_once(shop):
    shop.start(pool="solo")
    for _ in range(2):
        assert shop.run("nap", 0.2, "long", time_limit=0.1).state is State.SUCCESS
    assert len([line for line in shop.lines("stderr") if "does not enforce time_limit" in line]) == 1


def test_an_application_that_cannot_be_imported_ends_it_with_1(shop):
    (shop.folder / "shop_tasks.py").write_text("import no_such_module")
    assert shop.start(pool="solo").wait(10) == 1


def test_another_pool_is_refused_and_says_what_there_is(shop):
    worker = shop.start(pool="gevent")
    assert worker.wait(10) == 1
    assert shop.says("pool: 'gevent' is not in this version; use prefork or solo")
