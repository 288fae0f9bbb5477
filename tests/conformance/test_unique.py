"""Calls that are not sent again while they are unfinished."""

import pytest

from beatd.core.states import State
from beatd.errors import NotSupportedError

SECOND = 1_000_000
HOUR = 3600 * SECOND


@pytest.fixture
def send(driver, make):
    """Send under a key, and return the id of the message that holds it; skip where that is refused."""
    if "ids that wait" in driver.lacks:
        with pytest.raises(NotSupportedError, match="leave unique_for out, or use redis://"):
            driver.sender.send_unique(make.message(id="m"), key="k", lasts=HOUR)
        assert driver.admin.sizes() == {}
        pytest.skip("it is refused in words")
    return lambda name, key="k", lasts=HOUR, **fields: driver.sender.send_unique(
        make.message(id=name, **fields), key=key, lasts=lasts
    )


@pytest.fixture
def take(driver):
    def claim():
        (found,) = driver.receiver.claim(["celery"], owner="w1", limit=1, lease=HOUR)
        return found

    return claim


def test_a_call_is_not_sent_again_while_it_waits_or_runs(driver, clock, send, take):
    assert [send("a"), send("b"), send("c", key="other")] == ["a", "a", "c"]
    take()
    assert send("d") == "a"
    driver.receiver.release("w1", penalty=True)
    assert send("d") == "a"
    assert driver.admin.sizes()["celery"]["ready"] == 2


@pytest.mark.parametrize(("verdict", "state"), [("done", "SUCCESS"), ("done", "FAILURE"), ("dead", "FAILURE")])
def test_the_key_is_free_when_the_message_has_ended(driver, make, send, take, verdict, state):
    send("a")
    driver.receiver.settle(take(), make.outcome(verdict, state))
    assert send("b") == "b"
    assert send("c") == "b"


def test_a_retry_keeps_the_key(driver, make, clock, send, take):
    send("a")
    driver.receiver.settle(take(), make.outcome("retry", "RETRY", retry_in=SECOND))
    assert send("b") == "a"


def test_a_revoked_or_expired_message_frees_its_key(driver, clock, send, claimed):
    send("a")
    driver.limits.revoke("a")
    assert send("b", expires=clock.now() + 1) == "b"
    clock.advance(1)
    assert claimed() == []
    assert send("c") == "c"


def test_the_key_is_free_after_its_time_though_the_message_waits(driver, clock, send, claimed):
    send("a", lasts=10 * SECOND)
    clock.advance(9.999999)
    assert send("b") == "a"
    clock.advance(0.000001)
    assert send("c") == "c"
    assert claimed() == ["a", "c"]


def test_a_task_that_may_run_once_holds_its_key_until_its_end(driver, make, send, take):
    send("a")
    found = take()
    assert driver.receiver.settle(found, make.outcome("done", "STARTED", worker="w1"))
    assert send("b") == "a"
    assert driver.receiver.settle(found, make.outcome("done", "SUCCESS"))
    assert send("c") == "c"


def test_a_request_that_is_repeated_sends_nothing_and_gets_its_own_answer(driver, make, send, take, claimed):
    assert [send("a"), send("a")] == ["a", "a"]
    driver.receiver.settle(take(), make.outcome())
    assert send("b") == "b"
    assert send("a") == "a"
    assert claimed() == ["b"]
    assert driver.outcomes.get("a").state is State.SUCCESS


def test_a_hundred_senders_at_once_send_one(shared, make, fork):
    driver = shared
    if "ids that wait" in driver.lacks:
        pytest.skip("it is refused in words")

    def work(name):
        found = {driver.sender.send_unique(make.message(id=f"{name}-{n}"), key="k", lasts=HOUR) for n in range(10)}
        return ",".join(found)

    children = [fork(lambda name=name: work(name)) for name in range(10)]
    holders = {child.result() for child in children}
    assert len(holders) == 1
    taken = driver.receiver.claim(["celery"], owner="w", limit=200, lease=SECOND)
    assert [each.message.id for each in taken] == list(holders)
