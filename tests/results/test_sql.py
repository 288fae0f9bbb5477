"""Outcomes in SQL: how they are written, for people and other programs."""

import pytest

from beatd.brokers.sql import SqlReceiver, SqlSender
from beatd.clock import SystemClock
from beatd.core.message import Message
from beatd.core.states import Outcome, State, Verdict
from beatd.results.sql import SqlOutcomes
from beatd.sqlkit.database import open_database

SECOND = 1_000_000


@pytest.fixture
def db(tmp_path):
    made = open_database(f"sqlite:///{tmp_path}/beatd.db")
    yield made
    made.close()


def _settle(db, **outcome):
    sender, receiver = SqlSender(db, "n", SystemClock()), SqlReceiver(db, "n", SystemClock())
    sender.send(Message(id="m", task="t", queue="q", headers={}, body=b"", entry="nightly", fire_time=5))
    (delivery,) = receiver.claim(["q"], owner="w", limit=1, lease=SECOND)
    receiver.settle(delivery, Outcome(verdict=Verdict.DONE, state=State.SUCCESS, **outcome))


def test_a_result_is_readable_json(db):
    _settle(db, result={"name": "Ärzte", "n": [1, None, 2.5]}, worker="w1", finished_at=7)
    with db.read() as connection:
        query = "SELECT state, json_extract(result, '$.name'), task, worker, entry, fire_time, finished_at"
        row = connection.exec_driver_sql(f"{query} FROM beatd_results").one()
    assert tuple(row) == ("SUCCESS", "Ärzte", "t", "w1", "nightly", 5, 7)


def test_an_outcome_without_a_moment_is_finished_when_stored(db):
    before = SystemClock().now()
    _settle(db)
    assert before <= SqlOutcomes(db, "n", SystemClock()).get("m").finished_at <= SystemClock().now()


def test_what_is_pruned_leaves_its_state_in_the_history(db):
    _settle(db, started_at=6, finished_at=7, reason="r")
    assert SqlOutcomes(db, "n", SystemClock()).prune(before=8) == 1
    with db.read() as connection:
        row = connection.exec_driver_sql("SELECT state, started_at, finished_at, note FROM beatd_fires").one()
    assert tuple(row) == ("success", 6, 7, "r")
