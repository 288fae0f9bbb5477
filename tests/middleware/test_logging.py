import logging

import pytest

from beatd.core.message import Delivery
from beatd.core.protocol import build_message
from beatd.core.states import Outcome, State, Verdict
from beatd.middleware.logging import LogRuns

SECOND = 1_000_000
MESSAGE = build_message(id="m1", task="shop.add", entry="nightly", fire_time=10 * SECOND)
DELIVERY = Delivery(message=MESSAGE, attempt=2, owner="w/1", lease_until=0)


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.DEBUG, logger="beatd.worker")
    return caplog


def outcome(state, verdict=Verdict.DONE, **fields):
    moments = {"started_at": 11 * SECOND, "finished_at": 11 * SECOND + 12_000}
    return Outcome(verdict=verdict, state=state, **moments, **fields)


def test_a_success_says_how_late_and_how_long(said):
    LogRuns().after_run(DELIVERY, outcome(State.SUCCESS))
    (record,) = said.records
    assert (record.action, record.task, record.entry, record.message_id) == ("done", "shop.add", "nightly", "m1")
    assert (record.lateness_ms, record.runtime_ms, record.attempt) == (1000, 12, 2)
    assert record.fire_time == "1970-01-01T00:00:10Z"


def test_a_failure_says_why_and_shows_its_traceback_when_debugging(said):
    LogRuns().on_failure(DELIVERY, outcome(State.FAILURE, reason="ValueError: x", traceback="Traceback"))
    LogRuns().after_run(DELIVERY, outcome(State.FAILURE))
    assert [record.levelname for record in said.records] == ["ERROR", "DEBUG"]
    assert said.records[0].error == "ValueError: x"
    assert said.records[1].traceback == "Traceback"


def test_a_retry_says_when(said):
    LogRuns().on_retry(DELIVERY, outcome(State.RETRY, Verdict.RETRY, retry_in=SECOND, reason="later"))
    (record,) = said.records
    assert (record.action, record.retry_in_ms, record.error) == ("retry", 1000, "later")


def test_a_start_is_said_only_when_debugging(said):
    LogRuns().before_run(DELIVERY, 11 * SECOND)
    assert said.records[0].action == "started"
    said.clear()
    said.set_level(logging.INFO, logger="beatd.worker")
    LogRuns().before_run(DELIVERY, 11 * SECOND)
    assert not said.records
