"""The clock of all who share a server, told by functions that take their time or do not answer."""

from collections.abc import Callable

import pytest

from beatd.errors import BrokerUnavailableError
from beatd.serverclock import ServerClock
from beatd.testing.clock import ManualClock

SECOND = 1_000_000
HOUR = 3600 * SECOND


class Asked:
    """A server whose clock is an hour ahead; each answer takes ``seconds``, or is an outage."""

    def __init__(self, own: ManualClock) -> None:
        self.own = own
        self.ahead, self.seconds, self.times = HOUR, 0.0, 0
        self.away = False

    def __call__(self) -> int:
        self.times += 1
        self.own.advance(self.seconds / 2)
        told = self.own.now() + self.ahead
        self.own.advance(self.seconds / 2)
        if self.away:
            raise BrokerUnavailableError("server://", "it is away")
        return told


@pytest.fixture
def own() -> ManualClock:
    return ManualClock()


@pytest.fixture
def asked(own: ManualClock) -> Asked:
    return Asked(own)


@pytest.fixture
def ahead(own: ManualClock, asked: Asked) -> Callable[[], int]:
    """Return how far ahead of this host's the clock is, in microseconds."""
    clock = ServerClock(asked, own)
    return lambda: clock.now() - own.now()


def test_a_reading_counts_for_the_middle_of_its_round_trip(ahead: Callable[[], int], asked: Asked) -> None:
    asked.seconds = 0.05
    assert ahead() == HOUR


def test_a_first_answer_that_is_slow_never_puts_the_clock_ahead(ahead: Callable[[], int], asked: Asked) -> None:
    asked.seconds = 2.0
    assert ahead() == HOUR - SECOND


def test_it_is_read_again_after_ten_seconds_and_not_before(
    ahead: Callable[[], int], asked: Asked, own: ManualClock
) -> None:
    ahead()
    asked.ahead += 3 * SECOND
    own.advance(9.9)
    assert (ahead(), asked.times) == (HOUR, 1)
    own.advance(0.1)
    assert (ahead(), asked.times) == (HOUR + 3 * SECOND, 2)


def test_an_outage_is_told_by_who_never_had_an_answer(ahead: Callable[[], int], asked: Asked) -> None:
    asked.away = True
    with pytest.raises(BrokerUnavailableError):
        ahead()
    asked.away = False
    assert ahead() == HOUR


def test_in_an_outage_the_former_reading_goes_on_and_the_server_is_asked_each_second(
    ahead: Callable[[], int], asked: Asked, own: ManualClock
) -> None:
    ahead()
    asked.away = True
    own.advance(10)
    assert [ahead(), ahead()] == [HOUR, HOUR]
    assert asked.times == 2
    asked.away, asked.ahead = False, 0
    own.advance(1)
    assert ahead() == 0


@pytest.mark.parametrize(("moved", "seen"), [(0.9, 0.0), (1.1, 1.1), (-0.9, 0.0), (-1.1, -1.1)])
def test_a_slow_answer_is_believed_only_where_it_proves_the_former_wrong(
    ahead: Callable[[], int], asked: Asked, own: ManualClock, moved: float, seen: float
) -> None:
    ahead()
    asked.seconds, asked.ahead = 2.0, HOUR + round(moved * SECOND)
    own.advance(10)
    assert ahead() == HOUR + round(seen * SECOND)
    asked.seconds = 0.0
    own.advance(1)
    assert ahead() == asked.ahead
