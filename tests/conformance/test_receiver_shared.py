"""Receiving with several processes."""

import threading

SECOND = 1_000_000


def _drain(driver, name):
    taken = []
    while deliveries := driver.receiver.claim(["celery"], owner=name, limit=7, lease=60 * SECOND):
        taken += [delivery.message.id for delivery in deliveries]
    return ",".join(taken)


def test_claims_of_many_processes_never_overlap(shared, make, fork):
    driver = shared
    driver.sender.send_many([make.message() for _ in range(2000)])
    children = [fork(lambda name=name: _drain(driver, name)) for name in ("w1", "w2", "w3", "w4")]
    taken = [name for child in children for name in child.result().split(",") if name]
    assert len(taken) == len(set(taken)) == 2000


def test_a_killed_process_gives_back_what_it_held_when_its_lease_has_passed(shared, make, fork):
    driver = shared
    driver.sender.send_many([make.message() for _ in range(3)])

    def hold():
        driver.receiver.claim(["celery"], owner="w1", limit=2, lease=1)
        driver.receiver.claim(["celery"], owner="w2", limit=1, lease=60 * SECOND)
        return "held"

    assert fork(hold).result() == "held"
    assert driver.receiver.reap() == 2
    assert driver.receiver.release("w2", penalty=True) == 1
    taken = driver.receiver.claim(["celery"], owner="w3", limit=9, lease=SECOND)
    assert [delivery.attempt for delivery in taken] == [2, 2, 2]


def test_wait_notices_what_another_process_sends(shared, make, fork):
    driver = shared
    assert not driver.receiver.wait(["celery"], 1000)
    go = threading.Event()

    def send_later():
        go.wait(0.3)
        driver.sender.send(make.message())

    child = fork(send_later)
    assert driver.receiver.wait(["celery"], 20 * SECOND)
    child.result()


def test_many_processes_may_settle_at_once(shared, make, fork):
    driver = shared
    driver.sender.send_many([make.message() for _ in range(200)])

    def work(name):
        done = 0
        while deliveries := driver.receiver.claim(["celery"], owner=name, limit=4, lease=60 * SECOND):
            done += sum(driver.receiver.settle(delivery, make.outcome(result=1)) for delivery in deliveries)
        return done

    children = [fork(lambda name=name: work(name)) for name in ("w1", "w2", "w3")]
    assert sum(int(child.result()) for child in children) == 200
    assert driver.admin.sizes() == {}
