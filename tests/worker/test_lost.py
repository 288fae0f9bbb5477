"""What becomes of a message whose process is lost, where its task says so."""

import signal

import pytest

from beatd.core.states import State, Verdict
from beatd.worker.runner import Runner


def test_a_task_that_is_not_to_run_again_fails_at_once_when_its_process_dies(shop):
    shop.start()
    stored = shop.run("only_once", "once", "kill")
    assert (stored.state, stored.result["exc_type"]) == (State.FAILURE, "WorkerLostError")
    assert stored.reason == (
        "WorkerLostError: the process that ran shop.only_once was killed by SIGKILL, "
        "and the task has reject_on_worker_lost=False"
    )
    assert shop.sizes().get("dead", 0) == 0
    shop.run("note", "alive")
    assert [line.split()[0] for line in shop.lines()] == ["once", "kill", "alive"]


def test_it_fails_when_its_whole_worker_was_killed_too(shop, until):
    worker = shop.start(lease=1_000_000)
    sent = shop.send("only_once", "once", "forever")
    until(lambda: len(shop.lines()) == 2)
    worker.kill()
    shop.start(lease=1_000_000)
    stored = until(lambda: shop.outcome(sent))
    assert (stored.state, stored.result["exc_type"]) == (State.FAILURE, "WorkerLostError")
    assert "delivered 1 times and never settled" in stored.reason
    assert shop.sizes().get("dead", 0) == 0
    assert len(shop.lines()) == 2


def test_it_goes_back_when_the_drain_ends_it(shop, until):
    worker = shop.start(drain_timeout=100_000)
    shop.send("only_once", "once", "forever")
    until(lambda: len(shop.lines()) == 2)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert shop.sizes()["ready"] == 1
    shop.start()
    until(lambda: len(shop.lines()) == 4)


def test_a_task_may_allow_fewer_deliveries_than_its_worker(shop):
    shop.start()
    stored = shop.run("delivered_once")
    assert shop.lines() == ["kill"]
    assert stored.result["exc_type"] == "WorkerLostError"
    assert stored.reason.startswith("delivered 1 times and never settled")
    assert shop.sizes()["dead"] == 1


@pytest.mark.parametrize(
    ("options", "deliveries", "verdict"),
    [
        ({}, 9, None),
        ({"max_deliveries": 2}, 2, None),
        ({"max_deliveries": 2}, 3, Verdict.DEAD),
        ({"reject_on_worker_lost": False}, 1, None),
        ({"reject_on_worker_lost": False}, 2, Verdict.DONE),
        ({"reject_on_worker_lost": False, "max_deliveries": 1}, 2, Verdict.DONE),
    ],
)
def test_the_limit_counts_deliveries_that_were_never_settled(registry, delivery, clock, options, deliveries, verdict):
    runner = Runner(registry(lambda: None, **options), [], clock, worker="w/1")
    found = runner.read(delivery(attempt=9, deliveries=deliveries))
    assert getattr(found, "verdict", None) is verdict
