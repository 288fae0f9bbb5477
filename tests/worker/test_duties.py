from types import SimpleNamespace

import pytest

from beatd.errors import BrokerUnavailableError
from beatd.worker.duties import Duties
from beatd.worker.spec import WorkerSpec

SECOND = 1_000_000


class Queues:
    """Answers how much waits, unless it is away; counts how often it was asked."""

    def __init__(self):
        self.asked = 0
        self.told = []
        self.away = False
        self.held = {}

    def ready(self, queues, most):
        self.asked += 1
        if self.away:
            raise BrokerUnavailableError("sqlite:///beatd.db", "outage")
        return min(most, sum({"mail": 3, "slow": 4, "celery": 100}.get(queue, 0) for queue in queues))

    def paused(self):
        return self.held

    def report(self, worker, *, ttl):
        self.told.append(len(worker.children))


@pytest.fixture
def queues():
    return Queues()


@pytest.fixture
def duties(clock, queues):
    def open_broker():
        keeper = SimpleNamespace(renew=lambda *_, **__: 0, reap=lambda: 0)
        return SimpleNamespace(admin=queues, pauses=queues, keeper=keeper, close=lambda: None)

    bounds = {"concurrency": 1, "autoscale": (1, 9)}
    given = {"queues": ("mail", "slow", "new"), "open_broker": open_broker, "load_app": lambda: None}
    return Duties(WorkerSpec(**given, **bounds, clock=clock), "host", 1)


def test_what_waits_in_the_queues_taken_from_is_asked_for_once_a_second(duties, queues, clock):
    assert duties.waiting() == 7
    assert duties.waiting() is None
    clock.at += SECOND
    assert duties.waiting() == 7
    assert queues.asked == 2


def test_what_waits_in_a_paused_queue_is_no_work(duties, queues):
    queues.held = {"mail": "paused", "new": "paused"}
    assert duties.waiting() == 4


def test_nothing_is_asked_while_the_broker_is_away(duties, queues, clock):
    queues.away = True
    assert duties.waiting() is None
    assert duties.has_outage()
    for _ in range(100):
        clock.at += SECOND
        assert duties.waiting() is None
    assert queues.asked == 1


def test_a_worker_of_another_size_is_told_within_a_second_and_one_that_stays_every_five(duties, queues, clock):
    def turn(size, later):
        clock.at += later
        duties.turn([f"w/{number}" for number in range(size)], lambda: [{}] * size)

    turn(2, 0)
    turn(4, SECOND // 2)
    assert queues.told == [2]
    turn(4, SECOND // 2)
    turn(4, SECOND)
    assert queues.told == [2, 4]
    turn(4, 4 * SECOND)
    assert queues.told == [2, 4, 4]
