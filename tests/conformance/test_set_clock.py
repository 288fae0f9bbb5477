"""A clock that is set: an hour ahead, an hour back."""

from tests.conformance.conftest import SECOND

HOUR = 3600


def test_what_was_ready_before_the_clock_was_set_back_is_claimed_at_once(driver, make, clock, claimed):
    driver.sender.send(make.message(id="m"))
    clock.advance(-HOUR)
    assert claimed() == ["m"]


def test_what_a_dead_worker_held_comes_back_when_the_clock_has_come_to_the_end_of_its_lease_again(
    driver, make, clock, claimed
):
    driver.sender.send(make.message(id="m"))
    assert claimed() == ["m"]
    clock.advance(-HOUR)
    driver.receiver.reap()
    assert claimed() == []
    clock.advance(HOUR + 31)
    driver.receiver.reap()
    assert claimed() == ["m"]


def test_what_is_renewed_is_not_lost_when_the_clock_is_set_ahead(driver, make, clock, claimed):
    driver.sender.send(make.message(id="m"))
    (delivery,) = driver.receiver.claim(("celery",), owner="w1", limit=1, lease=30 * SECOND)
    clock.advance(HOUR)
    driver.receiver.renew([delivery.owner], lease=30 * SECOND)
    driver.receiver.reap()
    assert claimed() == []
    assert driver.receiver.settle(delivery, make.outcome())


def test_a_retry_is_due_by_the_brokers_clock_whatever_the_workers_says(driver, make, clock, claimed):
    driver.sender.send(make.message(id="m"))
    ahead = clock.now() + HOUR * SECOND
    outcome = make.outcome("retry", "RETRY", started_at=ahead, finished_at=ahead, retry_in=5 * SECOND)
    (delivery,) = driver.receiver.claim(("celery",), owner="w1", limit=1, lease=30 * SECOND)
    assert driver.receiver.settle(delivery, outcome)
    assert claimed() == []
    clock.advance(5)
    assert claimed() == ["m"]
