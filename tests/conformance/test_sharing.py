"""Leases on a server: the parts are shared evenly among the schedulers that are live."""

import pytest

SECOND = 1_000_000
TTL = 6 * SECOND


@pytest.fixture(autouse=True)
def _shares(driver):
    if not driver.shares_parts:
        pytest.skip("on one machine one scheduler holds all")


@pytest.fixture
def renew(driver):
    return lambda holder: driver.leases.renew(holder, ttl=TTL, status={}).parts


def _settle_down(renew, clock, *holders, rounds=8):
    for _ in range(rounds):
        clock.advance(2)
        parts = {holder: renew(holder) for holder in holders}
    return parts


def _assert_shared(parts):
    sizes = [len(held) for held in parts.values()]
    assert sum(sizes) == len(frozenset().union(*parts.values())) == 64
    assert max(sizes) <= -(-64 // len(sizes))


def test_parts_are_shared_evenly(renew, clock):
    for number in (1, 2, 3, 5):
        _assert_shared(_settle_down(renew, clock, *(f"h{each}" for each in range(number))))


def test_a_fresh_one_waits_one_ttl_for_its_share(renew, clock):
    _settle_down(renew, clock, "h1")
    for _ in range(3):
        assert (len(renew("h1")), len(renew("h2"))) == (64, 0)
        clock.advance(2)
    renew("h2")
    assert (len(renew("h1")), len(renew("h2"))) == (32, 32)


def test_what_stays_is_kept_when_another_one_comes(renew, clock):
    before = _settle_down(renew, clock, "h1", "h2")
    after = _settle_down(renew, clock, "h1", "h2", "h3")
    assert after["h1"] < before["h1"]
    assert after["h2"] < before["h2"]


def test_the_parts_of_a_graceful_stop_are_taken_with_the_next_renewal(driver, renew, clock):
    before = _settle_down(renew, clock, "h1", "h2")
    driver.leases.release("h1")
    assert renew("h2") == before["h1"] | before["h2"]


def test_the_parts_of_one_that_vanished_are_taken_when_its_lease_has_passed(renew, clock):
    _settle_down(renew, clock, "h1", "h2")
    clock.advance(5)
    assert len(renew("h2")) == 32
    clock.advance(1)
    assert len(renew("h2")) == 64


def test_one_that_was_away_for_longer_than_its_lease_takes_nothing_that_is_held(renew, clock):
    _settle_down(renew, clock, "h1", "h2")
    for _ in range(4):
        clock.advance(2)
        assert renew("h2")
    assert renew("h1") == frozenset()
    _assert_shared(_settle_down(renew, clock, "h1", "h2"))


def test_of_several_that_begin_at_once_one_holds_all_until_they_share(renew, clock):
    assert (len(renew("h1")), len(renew("h2")), len(renew("h3"))) == (64, 0, 0)
    _assert_shared(_settle_down(renew, clock, "h1", "h2", "h3"))
