"""Ends on a Redis server that go together: none waits for long, and each is answered for."""

import pytest

from beatd.brokers.redis import RedisReceiver, RedisSender
from beatd.brokers.redisends import HOLD
from beatd.core.protocol import build_message
from beatd.core.states import Outcome, State, Verdict

LEASE = 30_000_000


@pytest.fixture
def server(redis_server):
    return redis_server.open()


@pytest.fixture
def receiver(server, clock):
    RedisSender(server, clock).send_many([build_message(id=f"m{number}", task="t") for number in range(20)])
    return RedisReceiver(server, clock)


@pytest.fixture
def claimed(receiver):
    return receiver.claim(["celery"], owner="w", limit=20, lease=LEASE)


@pytest.fixture
def left(server):
    """Return how many are not settled yet."""
    return lambda: server.command("HLEN", f"{server.prefix}messages")


def _done(*, took=1, keep=True):
    outcome = {"verdict": Verdict.DONE, "state": State.SUCCESS, "started_at": 1, "finished_at": 1 + took}
    return Outcome(**outcome, worker="w", keep=keep)


def test_ends_wait_for_one_another_and_for_the_next_claim(receiver, claimed, left):
    answers = [receiver.begin_settle(each, _done(), hold=True) for each in claimed[:3]]
    assert left() == 20
    assert receiver.claim(["celery"], owner="w", limit=1, lease=LEASE) == []
    assert left() == 17
    assert [answer() for answer in answers] == [True] * 3


def test_none_waits_beyond_its_time_when_the_next_one_comes(receiver, claimed, left, clock):
    receiver.begin_settle(claimed[0], _done(), hold=True)
    clock.at += HOLD
    receiver.begin_settle(claimed[1], _done(), hold=True)
    assert left() == 18


def test_that_of_a_task_that_took_its_time_waits_for_nobody(receiver, claimed, left):
    receiver.begin_settle(claimed[0], _done(), hold=True)
    receiver.begin_settle(claimed[1], _done(took=HOLD), hold=True)
    assert left() == 18


def test_what_may_not_wait_takes_along_what_does(receiver, claimed, left):
    receiver.begin_settle(claimed[0], _done(), hold=True)
    receiver.begin_settle(claimed[1], _done())
    assert left() == 18


def test_of_those_that_go_together_each_is_fenced_by_itself(receiver, claimed, left):
    receiver.release("w", ["m1"], penalty=False)
    (again,) = receiver.claim(["celery"], owner="w", limit=1, lease=LEASE)
    receiver.release("w", ["m2"], penalty=False)
    (others,) = receiver.claim(["celery"], owner="another", limit=1, lease=LEASE)
    given = (claimed[0], claimed[1], claimed[2], again, claimed[3])
    answers = [receiver.begin_settle(each, _done(keep=each is not claimed[3]), hold=True) for each in given]
    assert [answer() for answer in answers] == [True, False, False, True, True]
    assert left() == 17
    assert receiver.settle(others, _done())
