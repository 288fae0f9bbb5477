from threading import Event, Lock, Thread, get_ident

import pytest

from beatd.clock import SystemClock
from beatd.errors import BrokerUnavailableError
from beatd.worker.inprocess.lookout import Lookout
from beatd.worker.spec import WorkerSpec

SECOND = 1_000_000


class Counter:
    """A broker with so many messages, that notes who asks it."""

    holds = False

    def __init__(self):
        self.lock = Lock()
        self.messages = 0
        self.queue = "celery"
        self.there = Event()
        self.waiting, self.claimed = set(), []
        self.outage = None
        self.receiver = self.keeper = self.admin = self.limits = self.pauses = self

    def put(self, count, queue="celery"):
        with self.lock:
            self.messages += count
            self.queue = queue
        self.there.set()

    def wait(self, _queues, timeout):
        self.waiting.add(get_ident())
        if self.outage:
            raise self.outage
        return self.there.wait(timeout / SECOND)

    def claim(self, queues, *, owner, limit, lease, rates=None):
        with self.lock:
            taken = ["message"] * min(self.messages, limit) if self.queue in queues else []
            self.messages -= len(taken)
            self.claimed.append((owner, len(taken)))
            if not self.messages:
                self.there.clear()
        return taken

    def close(self):
        pass


@pytest.fixture
def counter():
    return Counter()


@pytest.fixture
def idle(counter):
    """Start idle threads that wait for a call, claim one message, and are busy from then on; yield their ids."""
    spec = WorkerSpec(queues=("celery",), open_broker=lambda: counter, load_app=lambda: None, clock=SystemClock())
    lookout, stop, threads = Lookout(spec), Event(), []

    def live(name):
        broker = lookout.open_broker()
        while not stop.is_set():
            if broker.receiver.wait(("celery",), SECOND // 10) and broker.receiver.claim(
                ("celery",), owner=name, limit=1, lease=SECOND
            ):
                stop.wait(10)
        broker.close()

    def start(count):
        for number in range(count):
            threads.append(Thread(target=live, args=(f"{number}",)))
            threads[-1].start()
        return [thread.ident for thread in threads]

    yield start
    stop.set()
    for thread in threads:
        thread.join(10)
    lookout.close()


def taken(counter):
    return [owner for owner, count in counter.claimed if count]


def test_one_waits_for_all_and_each_message_wakes_one(counter, idle, until):
    threads = idle(20)
    until(lambda: counter.waiting)
    counter.put(1)
    until(lambda: taken(counter))
    counter.put(12)
    until(lambda: len(taken(counter)) == 13)
    assert len(set(taken(counter))) == 13
    assert len(counter.waiting) == 1
    assert not counter.waiting & set(threads)
    # Nobody was called for what another had taken by then.
    assert len(counter.claimed) == 13


@pytest.mark.parametrize("error", [BrokerUnavailableError("memory://", "outage"), RuntimeError("a bug")])
def test_an_outage_is_waited_out_and_a_failure_too(counter, idle, until, error):
    counter.outage = error
    idle(2)
    until(lambda: counter.waiting)
    counter.outage = None
    counter.put(1)
    assert until(lambda: taken(counter))


def test_a_thread_that_ends_before_it_has_claimed_leaves_the_call_to_another(counter, until):
    spec = WorkerSpec(queues=("celery",), open_broker=lambda: counter, load_app=lambda: None, clock=SystemClock())
    lookout = Lookout(spec)
    counter.put(1)
    gone, other = lookout.open_broker(), lookout.open_broker()
    assert gone.receiver.wait(("celery",), 5 * SECOND)
    gone.close()
    assert other.receiver.wait(("celery",), 5 * SECOND)
    lookout.close()


def test_while_a_thread_asks_its_queues_in_turn_nobody_else_is_called(counter):
    queues = ("critical", "celery")
    spec = WorkerSpec(queues=queues, open_broker=lambda: counter, load_app=lambda: None, clock=SystemClock())
    lookout = Lookout(spec)
    first, other = lookout.open_broker(), lookout.open_broker()
    counter.put(1)
    assert first.receiver.wait(queues, 5 * SECOND)
    assert not first.receiver.claim(("critical",), owner="first", limit=1, lease=SECOND)
    assert not other.receiver.wait(queues, SECOND // 4)
    assert first.receiver.claim(("celery",), owner="first", limit=1, lease=SECOND)
    counter.put(1)
    assert other.receiver.wait(queues, 5 * SECOND)
    # What this one was called for is not there: it waits again, and another may be called.
    assert not other.receiver.claim(("critical",), owner="other", limit=1, lease=SECOND)
    waiting = Thread(target=other.receiver.wait, args=(queues, 5 * SECOND))
    waiting.start()
    assert first.receiver.wait(queues, 5 * SECOND)
    first.close()
    waiting.join(10)
    other.close()
    lookout.close()
