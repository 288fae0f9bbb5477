"""Outcomes that no store can keep as they are."""

import logging

import pytest

from beatd.core.states import State
from beatd.worker.settlements import Settlements

SECOND = 1_000_000
SURROGATE = "\udcff"


@pytest.fixture
def taken(driver, make):
    driver.sender.send_many([make.message(id="m1"), make.message(id="m2")])
    return driver.receiver.claim(["celery"], owner="w", limit=2, lease=30 * SECOND)


@pytest.mark.parametrize(
    ("verdict", "fields"),
    [
        ("done", {"result": [SURROGATE]}),
        ("retry", {"result": [object()], "state": "RETRY", "retry_in": 0}),
        ("dead", {"state": "FAILURE", "traceback": SURROGATE, "reason": SURROGATE}),
    ],
    ids=["done", "retry", "dead"],
)
def test_what_cannot_be_stored_ends_its_own_message_in_words(driver, make, clock, taken, caplog, verdict, fields):
    settlements = Settlements(driver.receiver, clock, 30 * SECOND)
    other = driver.receiver.begin_settle(taken[1], make.outcome(result=1), hold=True)
    with caplog.at_level(logging.WARNING):
        settlements.begin(taken[0], make.outcome(verdict, **fields))
        settlements.hear()
    stored = driver.outcomes.get("m1")
    assert (stored.state, stored.result["exc_type"]) == (State.FAILURE, "NotSerializableError")
    assert "its outcome could not be stored: " in stored.result["exc_message"][0]
    complaint = "the outcome cannot be stored as it is; the task has failed"
    assert [record.message for record in caplog.records] == [complaint]
    assert other() is True
    assert driver.outcomes.get("m2").result == 1


def test_text_that_a_store_cannot_take_ends_the_message_at_once(driver, make, clock, taken):
    told = make.outcome(state="FAILURE", result={"exc_type": "X"}, reason="a\0b", traceback="a\0b")
    Settlements(driver.receiver, clock, 0).settle(taken[0], told)
    stored = driver.outcomes.get("m1")
    assert stored.state is State.FAILURE
    # PostgreSQL keeps no NUL; the others do.
    refused = stored.result["exc_type"] == "NotSerializableError"
    assert refused == driver.url.startswith("postgresql")
