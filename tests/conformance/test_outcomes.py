"""Outcomes."""

from beatd.core.states import State

SECOND = 1_000_000


def _run(driver, make, name, **outcome):
    driver.sender.send(make.message(id=name))
    (delivery,) = driver.receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    driver.receiver.settle(delivery, make.outcome(**outcome))


def test_an_unknown_message_is_none(driver):
    assert driver.outcomes.get("absent") is None


def test_a_message_is_pending_then_started_then_done(driver, make, clock):
    driver.sender.send(make.message(id="m", due=clock.now() + SECOND))
    if "delays at once" in driver.lacks:
        assert driver.outcomes.get("m") is None
        assert driver.receiver.claim(["celery"], owner="w", limit=1, lease=SECOND) == []
    assert driver.outcomes.get("m").state is State.PENDING
    clock.advance(1)
    (delivery,) = driver.receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    started = driver.outcomes.get("m")
    assert (started.state, started.started_at) == (State.STARTED, clock.now())
    driver.receiver.settle(delivery, make.outcome(state="FAILURE", result={"exc_type": "KeyError"}, traceback="tb"))
    stored = driver.outcomes.get("m")
    assert (stored.state, stored.result, stored.traceback) == (State.FAILURE, {"exc_type": "KeyError"}, "tb")


def test_a_result_that_is_none_is_none(driver, make):
    _run(driver, make, "m", result=None)
    assert driver.outcomes.get("m").result is None


def test_a_forgotten_outcome_is_gone(driver, make):
    _run(driver, make, "m", result=1)
    driver.outcomes.forget("m")
    driver.outcomes.forget("absent")
    assert driver.outcomes.get("m") is None


def test_old_outcomes_are_deleted_oldest_first_and_no_more_than_asked(driver, make):
    for moment in (3, 1, 2, 9):
        _run(driver, make, f"m{moment}", finished_at=moment)
    assert driver.outcomes.prune(before=9, limit=2) == 2
    assert [driver.outcomes.get(f"m{moment}") is None for moment in (1, 2, 3, 9)] == [True, True, False, False]
    assert driver.outcomes.prune(before=9) == 1
    assert driver.outcomes.prune(before=9) == 0
