"""What the SQL receiver does beyond its port: it must cost nothing while there is nothing to do."""

import os
import resource
import sqlite3

import pytest

from beatd.brokers.sql import SqlLimits, SqlReceiver, SqlSender
from beatd.clock import SystemClock
from beatd.core.message import Message
from beatd.core.states import Outcome, State, Verdict
from beatd.sqlkit.database import open_database

SECOND = 1_000_000


@pytest.fixture
def db(tmp_path):
    made = open_database(f"sqlite:///{tmp_path}/beatd.db")
    yield made
    made.close()


@pytest.fixture
def receiver(db):
    return SqlReceiver(db, "n", SystemClock(), max_deliveries=2)


def _message(name="m", **fields):
    return Message(id=name, task="t", queue="celery", headers={}, body=b"", **fields)


def _spent():
    usage = resource.getrusage(resource.RUSAGE_THREAD)
    return usage.ru_utime + usage.ru_stime


def test_an_idle_wait_spends_next_to_no_processor_time(receiver):
    receiver.wait(["celery"], 1000)
    before = _spent()
    assert not receiver.wait(["celery"], 2 * SECOND)
    assert _spent() - before < 0.02  # 1 % of the time waited, three times what it took when written


def test_an_idle_worker_never_asks_for_the_writers_lock(db, receiver):
    receiver.wait(["celery"], 1000)
    other = sqlite3.connect(db.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert receiver.claim(["celery"], owner="w", limit=5, lease=SECOND) == []
        assert (receiver.reap(), receiver.renew(["w"], lease=SECOND), receiver.release("w", penalty=False)) == (0, 0, 0)
        assert not receiver.wait(["celery"], 50_000)
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_wait_ends_in_time_while_others_commit_without_end(db, receiver):
    receiver.wait(["celery"], 1000)
    pid = os.fork()
    if pid == 0:
        sender = SqlSender(db, "elsewhere", SystemClock())
        for number in range(100_000):
            sender.send(_message(str(number)))
        os._exit(0)
    try:
        clock = SystemClock()
        before = clock.elapsed()
        assert not receiver.wait(["celery"], SECOND // 2)
        assert clock.elapsed() - before < 5 * SECOND
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def test_max_deliveries_is_a_setting(db, receiver):
    SqlSender(db, "n", SystemClock()).send(_message())
    for _ in range(2):
        assert len(receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)) == 1
        receiver.release("w", penalty=True)
    assert receiver.claim(["celery"], owner="w", limit=1, lease=SECOND) == []


def test_a_revoked_message_past_its_deliveries_is_revoked_not_dead(db, receiver):
    SqlSender(db, "n", SystemClock()).send(_message())
    for _ in range(2):
        receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
        SqlLimits(db, "n", SystemClock()).revoke("m")
        receiver.release("w", penalty=True)
    assert receiver.claim(["celery"], owner="w", limit=1, lease=SECOND) == []
    with db.read() as connection:
        assert connection.exec_driver_sql("SELECT state, reason FROM beatd_results").all() == [("REVOKED", "revoked")]
        assert connection.exec_driver_sql("SELECT count(*) FROM beatd_messages").scalar() == 0


def test_a_result_that_is_no_json_settles_nothing(db, receiver):
    SqlSender(db, "n", SystemClock()).send(_message())
    (delivery,) = receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    with pytest.raises(TypeError):
        receiver.settle(delivery, Outcome(verdict=Verdict.DONE, state=State.SUCCESS, result=object()))
    assert receiver.settle(delivery, Outcome(verdict=Verdict.DONE, state=State.SUCCESS, result=[1]))


def test_more_messages_than_are_promoted_at_once_all_become_ready(db, receiver, monkeypatch):
    clock = SystemClock()
    due = clock.now() + SECOND // 20
    SqlSender(db, "n", clock).send_many([_message(str(number), due=due) for number in range(30)])
    monkeypatch.setattr("beatd.brokers.sqlclaim.PROMOTED_AT_ONCE", 7)
    taken = []
    while receiver.wait(["celery"], SECOND):
        taken += receiver.claim(["celery"], owner="w", limit=50, lease=SECOND)
        if len(taken) == 30:
            break
    assert len({delivery.message.id for delivery in taken}) == 30
