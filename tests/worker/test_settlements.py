"""Ends of deliveries that are sent before the former ones are answered."""

import logging
import threading
from uuid import uuid4

import pytest

from beatd.brokers.redis import RedisReceiver, RedisSender
from beatd.clock import SystemClock
from beatd.core.protocol import build_message
from beatd.core.states import Outcome, State, Verdict
from beatd.errors import BrokerUnavailableError
from beatd.worker.settlements import UNHEARD, Settlements

SECOND = 1_000_000
COUNT = UNHEARD + 4


@pytest.fixture
def server(redis_server):
    return redis_server.open()


@pytest.fixture
def taken(server):
    messages = [build_message(id=str(uuid4()), task="shop.add") for _ in range(COUNT)]
    RedisSender(server, server.clock).send_many(messages)
    return RedisReceiver(server, server.clock).claim(["celery"], owner="w", limit=COUNT, lease=30 * SECOND)


class Away:
    """A receiver whose broker gives no answer so many times, and then ``answer``."""

    holds = False

    def __init__(self, times, answer):
        self.times = times
        self.answer = answer

    def settle(self, delivery, outcome):
        if self.times:
            self.times -= 1
            raise BrokerUnavailableError("redis://", "away")
        return self.answer


def _settlements(server):
    return Settlements(RedisReceiver(server, server.clock), SystemClock(), 30 * SECOND)


def _done(result, **fields):
    return Outcome(verdict=Verdict.DONE, state=State.SUCCESS, result=result, worker="w", finished_at=1, **fields)


def _results(server):
    return {key.decode(): value for key, value in _pairs(server.command("HGETALL", f"{server.prefix}results"))}


def _pairs(flat):
    return zip(flat[::2], flat[1::2], strict=True)


def test_a_bounded_number_is_under_way_and_all_are_answered_in_the_end(server, taken, caplog):
    settlements = _settlements(server)
    for number, delivery in enumerate(taken):
        settlements.begin(delivery, _done(number))
        assert len(server._local.under_way) <= UNHEARD
    settlements.hear()
    assert not server._local.under_way
    assert len(_results(server)) == COUNT
    assert server.command("HLEN", f"{server.prefix}messages") == 0
    assert not caplog.records


@pytest.mark.parametrize("moment", ["before the sending", "before the answers"])
def test_a_connection_that_breaks_with_some_under_way_ends_each_of_them_once(
    redis_server, server, taken, caplog, moment
):
    settlements = _settlements(server)
    other = redis_server.open()
    for number, delivery in enumerate(taken[:10]):
        if (moment, number) == ("before the sending", 5):
            other.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        settlements.begin(delivery, _done(number))
    if moment == "before the answers":
        other.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    settlements.hear()
    assert set(_results(server)) == {delivery.message.id for delivery in taken[:10]}
    assert server.command("HLEN", f"{server.prefix}messages") == COUNT - 10
    assert not caplog.records


def test_one_that_is_no_longer_ours_is_told_when_its_answer_comes(server, taken, caplog):
    settlements = _settlements(server)
    RedisReceiver(server, server.clock).release("w", [taken[1].message.id], penalty=False)
    with caplog.at_level(logging.WARNING):
        for delivery in taken[:3]:
            settlements.begin(delivery, _done(1))
        settlements.hear()
    (record,) = caplog.records
    assert (record.message, record.message_id) == (
        "the lease was lost during the run; the outcome is dropped",
        taken[1].message.id,
    )
    assert len(_results(server)) == 2


def test_an_end_of_which_nothing_is_kept_is_not_called_lost_where_its_answer_was(
    redis_server, proxy_to, server, taken, caplog
):
    proxy = proxy_to(redis_server.port)
    settlements = _settlements(redis_server.open(url=f"redis://127.0.0.1:{proxy.port}"))
    for number, delivery in enumerate(taken[:10]):
        if number == 5:
            settlements.hear()
            proxy.lose_reply()
        settlements.begin(delivery, _done(number, keep=False))
    settlements.hear()
    assert server.command("HLEN", f"{server.prefix}messages") == COUNT - 10
    assert not caplog.records


def test_a_lost_lease_is_told_also_where_nothing_is_kept(server, taken, caplog):
    settlements = _settlements(server)
    RedisReceiver(server, server.clock).release("w", [taken[0].message.id], penalty=False)
    settlements.begin(taken[0], _done(1, keep=False))
    settlements.hear()
    assert [record.message for record in caplog.records] == [
        "the lease was lost during the run; the outcome is dropped"
    ]


def test_the_same_where_the_answer_is_waited_for(taken, caplog):
    assert not Settlements(Away(1, answer=False), SystemClock(), 30 * SECOND).settle(taken[0], _done(1, keep=False))
    assert not caplog.records
    assert not Settlements(Away(1, answer=False), SystemClock(), 30 * SECOND).settle(taken[0], _done(1))
    assert len(caplog.records) == 1


@pytest.mark.parametrize("trouble", ["hold", "half_open", "lose_reply"])
def test_an_answer_that_does_not_come_is_asked_for_again(redis_server, proxy_to, server, taken, trouble):
    proxy = proxy_to(redis_server.port)
    far = redis_server.open(url=f"redis://127.0.0.1:{proxy.port}", answer_seconds=0.3)
    settlements = _settlements(far)
    settlements.begin(taken[0], _done(0))
    getattr(proxy, trouble)()
    settlements.begin(taken[1], _done(1))
    healing = threading.Timer(0.5, proxy.heal)
    healing.start()
    settlements.hear()
    healing.join()
    assert set(_results(server)) == {delivery.message.id for delivery in taken[:2]}
    assert server.command("HLEN", f"{server.prefix}messages") == COUNT - 2


def test_a_settlement_that_waits_for_the_broker_gives_signs_of_life(server, taken):
    signs = []
    settlements = Settlements(Away(3, answer=True), SystemClock(), 30 * SECOND, lambda: signs.append("alive"))
    assert settlements.settle(taken[0], _done(1))
    assert len(signs) == 3
