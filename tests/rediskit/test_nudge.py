"""Waiting on a server that looks for those who have waited for long enough once a second."""

import random
import signal
import threading
import time

import pytest

from beatd.errors import BrokerUnavailableError

CALLS = "{beatd:tests}:wake:celery"


@pytest.fixture
def slow(start_redis):
    return start_redis("--hz", "1", "--dynamic-hz", "no")


def test_a_wait_ends_when_its_time_is_over_and_not_when_the_server_looks(slow):
    server, begun = slow.open(), time.monotonic()
    assert not any(server.block([CALLS], 0.02) for _ in range(5))
    assert 0.1 <= time.monotonic() - begun < 2
    assert server.command("PING") == b"PONG"


def test_a_call_that_comes_at_the_end_of_the_wait_is_taken_or_left_but_not_lost(slow):
    server, other, dice = slow.open(), slow.open(), random.Random(1)
    server.command("PING")
    taken, calls = 0, 200

    def call():
        for _ in range(calls):
            time.sleep(dice.uniform(0.001, 0.006))
            other.command("RPUSH", CALLS, "1")

    calling = threading.Thread(target=call)
    calling.start()
    while calling.is_alive():
        taken += server.block([CALLS], 0.001)
    calling.join()
    assert 0 < taken <= calls
    assert taken + server.command("LLEN", CALLS) == calls
    assert server.command("PING") == b"PONG"


def test_a_server_that_stops_during_the_wait_is_noticed(slow):
    server = slow.open(answer_seconds=0.3)
    server.command("PING")
    slow.signal(signal.SIGSTOP)
    begun = time.monotonic()
    with pytest.raises(BrokerUnavailableError, match="did not answer in time"):
        server.block([CALLS], 0.05)
    assert time.monotonic() - begun < 5
    slow.signal(signal.SIGCONT)
    server.command("RPUSH", CALLS, "1")
    assert server.block([CALLS], 1)
