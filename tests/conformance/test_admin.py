"""Queues and workers as people ask about them."""

from beatd.brokerports import WorkerInfo

SECOND = 1_000_000


def _worker(name, **fields):
    given = {"host": "h", "pid": 7, "started_at": 1, "seen_at": 2, "queues": ("celery", "mail")}
    return WorkerInfo(worker=name, **{**given, "children": ({"pid": 8, "task": None},), **fields})


def test_sizes_tell_each_queue_by_state(driver, make, clock, claimed):
    driver.sender.send_many([make.message(), make.message(), make.message(due=clock.now() + SECOND)])
    driver.sender.send(make.message(queue="mail"))
    claimed(limit=1)
    if "delays at once" in driver.lacks:
        assert driver.admin.sizes()["celery"] == {"ready": 2, "delayed": 0, "claimed": 1, "dead": 0}
        claimed(limit=1)
        driver.receiver.release("w1", ["m2"], penalty=False)
        driver.receiver.claim(["celery"], owner="w2", limit=2, lease=1)
        driver.receiver.release("w2", penalty=False)
    assert driver.admin.sizes() == {
        "celery": {"ready": 1, "delayed": 1, "claimed": 1, "dead": 0},
        "mail": {"ready": 1, "delayed": 0, "claimed": 0, "dead": 0},
    }


def test_what_is_ready_in_some_queues_is_counted_up_to_a_number(driver, make, clock, claimed):
    driver.sender.send_many([make.message() for _ in range(5)])
    driver.sender.send_many([make.message(queue="mail"), make.message(queue="other")])
    claimed(limit=1)
    assert driver.admin.ready(["celery"], 100) == 4
    assert driver.admin.ready(["celery", "mail", "celery", "absent"], 100) == 5
    assert driver.admin.ready(["celery", "mail"], 3) == 3
    assert driver.admin.ready(["absent"], 3) == 0
    assert driver.admin.ready([], 3) == 0


def test_a_worker_is_known_until_its_time_has_passed(driver, clock):
    driver.admin.report(_worker("w1"), ttl=10 * SECOND)
    driver.admin.report(_worker("w1", seen_at=3), ttl=10 * SECOND)
    assert driver.admin.workers() == [_worker("w1", seen_at=3)]
    clock.advance(10)
    assert driver.admin.workers() == []


def test_a_retired_worker_is_forgotten(driver):
    driver.admin.report(_worker("w1"), ttl=10 * SECOND)
    driver.admin.report(_worker("w2"), ttl=10 * SECOND)
    driver.admin.retire("w1")
    assert [worker.worker for worker in driver.admin.workers()] == ["w2"]
