"""Pauses of queues."""

import threading

from beatd.core.record import Pause

SECOND = 1_000_000
WHY = Pause("ana", 5, "the relay is down")


def test_nothing_is_claimed_from_a_paused_queue_and_sending_goes_on(driver, make, clock, claimed):
    driver.sender.send(make.message(id="a"))
    driver.pauses.pause("celery", WHY)
    driver.sender.send_many([make.message(id="b"), make.message(id="c", due=clock.now() + SECOND)])
    clock.advance(1)
    assert claimed() == []
    assert not driver.receiver.wait(["celery"], 30_000)
    assert driver.pauses.resume("celery")
    assert driver.receiver.wait(["celery"], 30_000)
    assert sorted(claimed()) == ["a", "b", "c"]


def test_other_queues_of_the_same_worker_go_on(driver, make, claimed):
    driver.sender.send_many([make.message(id="a"), make.message(id="b", queue="mail")])
    driver.pauses.pause("celery", WHY)
    assert driver.receiver.wait(["celery", "mail"], 30_000)
    assert claimed(queues=("celery", "mail")) == ["b"]
    assert not driver.receiver.wait(["celery", "mail"], 30_000)


def test_a_pause_is_told_by_whom_since_when_and_why(driver):
    assert driver.pauses.paused() == {}
    driver.pauses.pause("nobody heard of it", WHY)
    driver.pauses.pause("celery", Pause("ben", 6, "ä"))
    driver.pauses.pause("celery", Pause("ben", 7, ""))
    assert driver.pauses.paused() == {"celery": Pause("ben", 7, ""), "nobody heard of it": WHY}
    assert driver.pauses.resume("celery")
    assert not driver.pauses.resume("celery")
    assert driver.pauses.paused() == {"nobody heard of it": WHY}


def test_what_was_claimed_before_is_settled_and_what_is_given_back_stays(driver, make, claimed):
    driver.sender.send_many([make.message(id="a"), make.message(id="b")])
    one, other = driver.receiver.claim(["celery"], owner="w1", limit=2, lease=SECOND)
    driver.pauses.pause("celery", WHY)
    assert driver.receiver.settle(one, make.outcome())
    assert driver.receiver.release("w1", [other.message.id], penalty=False) == 1
    assert claimed() == []
    driver.pauses.resume("celery")
    assert claimed() == ["b"]


def test_a_namespace_has_pauses_of_its_own(driver):
    driver.pauses.pause("celery", WHY)
    other = driver.within("other")
    assert other.pauses.paused() == {}
    assert not other.pauses.resume("celery")


def test_who_waits_is_woken_by_the_end_of_a_pause(driver, make):
    driver.sender.send(make.message())
    driver.pauses.pause("celery", WHY)
    assert not driver.receiver.wait(["celery"], 1000)
    ending = threading.Timer(0.1, lambda: driver.pauses.resume("celery"))
    ending.start()
    assert driver.receiver.wait(["celery"], 20 * SECOND)
    ending.join()


def test_processes_that_claim_all_the_time_take_nothing_once_it_is_paused(shared, make, fork):
    driver = shared
    driver.sender.send_many([make.message() for _ in range(50)])
    driver.pauses.pause("celery", WHY)

    def work(name):
        return sum(len(driver.receiver.claim(["celery"], owner=name, limit=3, lease=60 * SECOND)) for _ in range(100))

    assert [child.result() for child in [fork(lambda name=name: work(name)) for name in ("w1", "w2")]] == ["0", "0"]
    driver.pauses.resume("celery")
    assert int(fork(lambda: work("w3")).result()) == 50
