from types import SimpleNamespace

import pytest

from beatd.processes.drain import Drain
from tests.moved_time import Time

PATIENCE = 25


@pytest.fixture
def clock():
    return Time(at=100)


@pytest.fixture
def told():
    return []


@pytest.fixture
def drain(clock, told):
    return Drain(clock, SimpleNamespace(stopping=lambda: told.append("stopping")), PATIENCE)


def test_before_a_request_there_is_no_end(drain, told):
    assert (drain.begun, drain.is_over(), told) == (False, False, [])


def test_the_first_request_leaves_time(drain, clock, told):
    assert drain.ask(now=False) is False
    clock.at += PATIENCE - 1
    assert not drain.is_over()
    clock.at += 1
    assert (drain.is_over(), told) == (True, ["stopping"])


@pytest.mark.parametrize("requests", [(True,), (False, False), (False, True)])
def test_a_second_one_or_one_for_now_leaves_none(drain, told, requests):
    assert [drain.ask(now=now) for now in requests][-1] is True
    assert (drain.is_over(), told) == (True, ["stopping"])


def test_a_request_after_the_time_does_not_put_the_end_off(drain, clock):
    drain.ask(now=False)
    clock.at += 2 * PATIENCE
    drain.ask(now=False)
    assert drain.until == 100 + PATIENCE
