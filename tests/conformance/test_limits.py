"""Revoking."""

from beatd.core.states import State

SECOND = 1_000_000


def test_a_waiting_message_is_revoked_at_once(driver, make, clock, claimed):
    driver.sender.send_many([make.message(id="now"), make.message(id="later", due=clock.now() + SECOND)])
    if "ids that wait" in driver.lacks:
        assert not driver.limits.revoke("now")
        assert claimed() == ["now"]
        assert driver.limits.revoke("later")  # it was seen, and is held back
        clock.advance(2)
        assert claimed() == []
        assert driver.outcomes.get("later").reason == "revoked"
        return
    assert driver.limits.revoke("now")
    assert driver.limits.revoke("later")
    clock.advance(2)
    assert claimed() == []
    assert (driver.outcomes.get("now").state, driver.outcomes.get("later").reason) == (State.REVOKED, "revoked")


def test_a_running_message_is_not_run_again_once_revoked(driver, make, claimed):
    driver.sender.send(make.message(id="m"))
    assert claimed() == ["m"]
    assert driver.limits.revoke("m")
    assert driver.outcomes.get("m").state is State.STARTED
    driver.receiver.release("w1", penalty=False)
    assert claimed() == []
    assert driver.outcomes.get("m").state is State.REVOKED


def test_a_running_message_may_still_succeed_once_revoked(driver, make):
    driver.sender.send(make.message(id="m"))
    (delivery,) = driver.receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    driver.limits.revoke("m")
    assert driver.receiver.settle(delivery, make.outcome())
    assert driver.outcomes.get("m").state is State.SUCCESS


def test_what_is_not_there_or_dead_cannot_be_revoked(driver, make):
    driver.sender.send(make.message(id="m"))
    (delivery,) = driver.receiver.claim(["celery"], owner="w", limit=1, lease=SECOND)
    driver.receiver.settle(delivery, make.outcome("dead", "FAILURE"))
    assert not driver.limits.revoke("m")
    assert not driver.limits.revoke("absent")


def purge(driver, queue="celery", limit=500):
    counts = []
    while some := driver.limits.purge(queue, reason="purged by ana", limit=limit):
        counts.append(some)
    return counts


def test_what_waits_in_a_queue_is_purged_and_on_record(driver, make, clock, claimed):
    driver.sender.send_many([make.message(id=each) for each in "abc"])
    driver.sender.send_many([make.message(id="later", due=clock.now() + SECOND), make.message(id="x", queue="mail")])
    assert purge(driver, limit=2) == [2, 2]
    assert purge(driver) == []
    for each in ("a", "b", "c", "later"):
        stored = driver.outcomes.get(each)
        assert (stored.state, stored.reason) == (State.REVOKED, "purged by ana")
    clock.advance(2)
    assert claimed() == []
    assert purge(driver, "mail") == [1]


def test_what_runs_or_is_dead_is_not_purged(driver, make, claimed):
    driver.sender.send_many([make.message(id="dead"), make.message(id="run")])
    taken = driver.receiver.claim(["celery"], owner="w1", limit=2, lease=SECOND)
    deliveries = {each.message.id: each for each in taken}
    driver.receiver.settle(deliveries["dead"], make.outcome("dead", "FAILURE"))
    assert purge(driver) == []
    assert driver.receiver.settle(deliveries["run"], make.outcome())
    assert driver.outcomes.get("run").state is State.SUCCESS
    assert driver.admin.sizes()["celery"]["dead"] == 1
    assert claimed() == []


def test_what_waits_for_a_retry_is_purged(driver, make, clock, claimed):
    driver.sender.send(make.message(id="m"))
    (delivery,) = driver.receiver.claim(["celery"], owner="w1", limit=1, lease=SECOND)
    driver.receiver.settle(delivery, make.outcome("retry", "RETRY", retry_in=SECOND))
    assert purge(driver) == [1]
    clock.advance(2)
    assert claimed() == []
    assert driver.outcomes.get("m").state is State.REVOKED
