"""Receiving: claims, leases, settlement."""

import threading

import pytest

from beatd.core.states import State
from beatd.schedules.moments import from_us

SECOND = 1_000_000
LEASE = 30 * SECOND


@pytest.fixture
def take(driver):
    """Claim and return deliveries."""

    def claim(limit=10, owner="w1"):
        return driver.receiver.claim(["celery"], owner=owner, limit=limit, lease=LEASE)

    return claim


def test_a_message_comes_back_as_it_was_sent(driver, make, clock, take):
    headers = {"task": "shop.add", "retries": 2, "origin": "ä", "nested": {"a": [1, None]}}
    sent = make.message(
        id="m",
        headers={"id": "m", "expires": from_us(clock.now() + 9).isoformat(), **headers},
        body=b"\x00\xff",
        content_type="x",
        content_encoding="binary",
        priority=3,
        expires=clock.now() + 9,
    )
    driver.sender.send(sent)
    (delivery,) = take()
    assert delivery.message == sent
    assert (delivery.attempt, delivery.owner, delivery.lease_until) == (1, "w1", clock.now() + LEASE)


def test_higher_priority_comes_first_then_older(driver, make, claimed):
    driver.sender.send_many(
        [make.message(id=f"{priority}-{n}", priority=priority) for n in (1, 2) for priority in (0, 9, 5)]
    )
    assert claimed() == ["9-1", "9-2", "5-1", "5-2", "0-1", "0-2"]


def test_no_priority_is_the_lowest(driver, make, claimed):
    driver.sender.send_many([make.message(id="none", priority=None), make.message(id="one", priority=1)])
    # In kombu's layout what has none is in the plain list, which is the first.
    assert claimed() == (["none", "one"] if "ten priorities" in driver.lacks else ["one", "none"])


def test_order_holds_over_several_queues(driver, make, claimed):
    queues = ("celery", "mail")
    driver.sender.send_many([make.message(id=f"m{n}", queue=queues[n % 2], priority=n % 3) for n in range(9)])
    ids = claimed(limit=5, queues=queues) + claimed(limit=5, queues=queues)
    if "ten priorities" in driver.lacks:
        # Levels 8 and 7 share a list, and nobody can tell which of two lists has waited longer.
        assert sorted(ids[:6]) == ["m1", "m2", "m4", "m5", "m7", "m8"]
        assert sorted(ids[6:]) == ["m0", "m3", "m6"]
        return
    assert ids == ["m2", "m5", "m8", "m1", "m4", "m7", "m0", "m3", "m6"]


def test_only_the_queues_asked_for_are_claimed(driver, make, claimed):
    driver.sender.send_many([make.message(id="a"), make.message(id="b", queue="mail")])
    assert claimed(queues=("mail", "mail")) == ["b"]
    assert claimed(queues=()) == []


def test_a_claim_takes_no_more_than_its_limit(driver, make, claimed):
    driver.sender.send_many([make.message() for _ in range(5)])
    assert [len(claimed(limit=2)) for _ in range(4)] == [2, 2, 1, 0]
    assert claimed(limit=0) == []


def test_a_delayed_message_waits_until_it_is_due(driver, make, clock, claimed):
    driver.sender.send_many([make.message(id="later", due=clock.now() + 5 * SECOND), make.message(id="now")])
    assert claimed() == ["now"]
    clock.advance(4.999999)
    assert claimed() == []
    clock.advance(0.000001)
    assert claimed() == ["later"]


def test_an_expired_message_ends_revoked(driver, make, clock, claimed):
    driver.sender.send_many([make.message(id="old", expires=clock.now() + SECOND), make.message(id="good")])
    clock.advance(1)
    assert claimed(limit=1) == ["good"]
    stored = driver.outcomes.get("old")
    assert (stored.state, stored.reason, stored.finished_at) == (State.REVOKED, "expired", clock.now())


def test_many_expired_messages_do_not_hide_a_good_one(driver, make, clock, claimed):
    driver.sender.send_many([make.message(expires=clock.now() + 1) for _ in range(50)] + [make.message(id="good")])
    clock.advance(1)
    assert claimed(limit=1) == ["good"]
    assert driver.admin.sizes()["celery"]["ready"] == 0


def test_a_settled_message_is_gone_and_its_outcome_stored(driver, make, clock, take):
    driver.sender.send(make.message(id="m"))
    (delivery,) = take()
    outcome = make.outcome(result={"sum": 3}, started_at=1, finished_at=2, worker="w1")
    assert driver.receiver.settle(delivery, outcome)
    stored = driver.outcomes.get("m")
    assert (stored.state, stored.result, stored.started_at, stored.finished_at) == (State.SUCCESS, {"sum": 3}, 1, 2)
    assert stored.task == "shop.add"
    assert driver.admin.sizes() == {}


def test_a_second_settlement_does_nothing(driver, make, take):
    driver.sender.send(make.message(id="m"))
    (delivery,) = take()
    assert driver.receiver.settle(delivery, make.outcome(result=1))
    assert not driver.receiver.settle(delivery, make.outcome(result=2), [make.message()])
    assert driver.outcomes.get("m").result == 1
    assert driver.admin.sizes() == {}


@pytest.mark.parametrize("hold", [False, True])
def test_settlements_may_be_under_way_together_and_each_is_answered(driver, make, take, hold):
    driver.sender.send_many([make.message(id="one"), make.message(id="two"), make.message(id="three")])
    one, two, three = take()
    driver.receiver.release("w1", ["two"], penalty=False)
    ends = (make.outcome(result=1), make.outcome(result=2), make.outcome("dead", "FAILURE"))
    answers = [driver.receiver.begin_settle(*each, hold=hold) for each in zip((one, two, three), ends, strict=True)]
    assert [each.message.id for each in take()] == ["two"]  # other requests may be made meanwhile
    assert [answer() for answer in answers] == [True, False, True]
    assert driver.outcomes.get("one").result == 1
    assert driver.admin.sizes()["celery"] == {"ready": 0, "delayed": 0, "claimed": 1, "dead": 1}


@pytest.mark.parametrize("hold", [False, True])
def test_what_was_begun_to_be_settled_is_settled_after_the_next_claim(driver, make, take, hold):
    driver.sender.send_many([make.message(id="one"), make.message(id="two"), make.message(id="three")])
    one, two = take(limit=2)
    answers = [
        driver.receiver.begin_settle(one, make.outcome(result=1), hold=hold),
        driver.receiver.begin_settle(two, make.outcome(keep=False), hold=hold),
    ]
    assert [each.message.id for each in take()] == ["three"]
    assert [answer() for answer in answers] == [True, True]
    assert driver.outcomes.get("one").result == 1
    assert driver.outcomes.get("two") is None
    assert driver.admin.sizes()["celery"]["claimed"] == 1


@pytest.mark.parametrize("then", ["release", "wait", "claim"])
def test_a_settlement_that_is_held_is_made_before_anything_else_is(driver, make, take, then):
    if not driver.receiver.holds:
        pytest.skip("this driver holds nothing")
    driver.sender.send(make.message(id="m"))
    (delivery,) = take()
    answer = driver.receiver.begin_settle(delivery, make.outcome(result=1), hold=True)
    if then == "release":
        assert driver.receiver.release("w1", penalty=False) == 0
    elif then == "wait":
        assert not driver.receiver.wait(["celery"], 1)
    else:
        assert take() == []
    assert driver.admin.sizes() == {}
    assert answer()


@pytest.mark.parametrize("hold", [False, True])
def test_what_was_begun_to_be_settled_and_is_settled_by_another_request_stays_as_it_was(driver, make, take, hold):
    driver.sender.send(make.message(id="m"))
    (delivery,) = take()
    outcome = make.outcome(result=1, worker="w1", finished_at=5)
    answer = driver.receiver.begin_settle(delivery, outcome, hold=hold)
    driver.receiver.settle(delivery, outcome)
    assert answer()
    assert driver.outcomes.get("m").result == 1


def test_a_zombie_settles_nothing_once_its_message_went_to_another(driver, make, clock, take):
    driver.sender.send(make.message(id="m"))
    (zombie,) = take(owner="w1")
    clock.advance(31)
    assert driver.receiver.reap() == 1
    (second,) = take(owner="w2")
    assert second.attempt == 2
    for verdict, state in (("done", "SUCCESS"), ("retry", "RETRY"), ("dead", "FAILURE")):
        assert not driver.receiver.settle(zombie, make.outcome(verdict, state), [make.message(id="follow")])
    assert driver.outcomes.get("m").state is State.STARTED
    assert driver.receiver.settle(second, make.outcome(result="mine"))
    assert driver.outcomes.get("m").result == "mine"
    assert driver.outcomes.get("follow") is None


def test_a_zombie_with_the_same_name_is_fenced_by_the_attempt(driver, make, take):
    driver.sender.send(make.message(id="m"))
    (zombie,) = take()
    driver.receiver.release("w1", penalty=False)
    (second,) = take()
    assert not driver.receiver.settle(zombie, make.outcome())
    assert driver.receiver.settle(second, make.outcome())


def test_follow_ups_are_sent_with_the_settlement_or_not_at_all(driver, make, take, claimed):
    driver.sender.send(make.message(id="m"))
    (delivery,) = take()
    with pytest.raises(TypeError):
        driver.receiver.settle(delivery, make.outcome(), [make.message(id="bad", headers={"x": object()})])
    assert driver.outcomes.get("m").state is State.STARTED
    assert driver.receiver.settle(delivery, make.outcome(), [make.message(id="next"), make.message(id="last")])
    assert claimed() == ["next", "last"]


def test_a_retry_comes_back_when_due_with_one_retry_more(driver, make, clock, take, claimed):
    driver.sender.send(make.message(id="m", headers={"task": "shop.add", "retries": 1, "x": 1}))
    (delivery,) = take()
    outcome = make.outcome("retry", "RETRY", retry_in=5 * SECOND, traceback="tb")
    assert driver.receiver.settle(delivery, outcome)
    assert (driver.outcomes.get("m").state, driver.outcomes.get("m").traceback) == (State.RETRY, "tb")
    assert claimed() == []
    clock.advance(5)
    (again,) = take()
    assert {name: again.message.headers[name] for name in ("task", "retries", "x")} == {
        "task": "shop.add",
        "retries": 2,
        "x": 1,
    }
    assert driver.outcomes.get("m").state is State.STARTED


def test_a_retry_without_a_moment_is_ready_at_once(driver, make, take, claimed):
    driver.sender.send(make.message(id="m"))
    driver.receiver.settle(take()[0], make.outcome("retry", "RETRY"))
    assert claimed() == ["m"]


def test_a_dead_letter_stays_with_its_reason_and_is_not_claimed(driver, make, take, claimed):
    driver.sender.send(make.message(id="m"))
    driver.receiver.settle(take()[0], make.outcome("dead", "FAILURE", reason="no such task"))
    assert claimed() == []
    assert driver.admin.sizes() == {"celery": {"ready": 0, "delayed": 0, "claimed": 0, "dead": 1}}
    stored = driver.outcomes.get("m")
    assert (stored.state, stored.reason) == (State.FAILURE, "no such task")


def test_a_message_delivered_too_often_is_dead(driver, make, clock, take, caplog):
    driver.sender.send(make.message(id="m"))
    for attempt in range(1, 6):
        assert [delivery.attempt for delivery in take()] == [attempt]
        clock.advance(31)
        driver.receiver.reap()
    assert take() == []
    stored = driver.outcomes.get("m")
    reason = "delivered 5 times and never settled: the process that ran it died, or lost its lease"
    assert (stored.state, stored.reason) == (State.FAILURE, reason)
    assert stored.result == {"exc_type": "WorkerLostError", "exc_message": [reason], "exc_module": "beatd.errors"}
    (told,) = caplog.records
    assert (told.levelname, told.action, told.message_id, told.attempt) == ("ERROR", "dead", "m", 5)
    assert told.reason == reason
    assert driver.admin.sizes()["celery"]["dead"] == 1


def test_retries_and_graceful_returns_do_not_count_as_deliveries(driver, make, take):
    driver.sender.send(make.message(id="m"))
    for _ in range(10):
        driver.receiver.settle(take()[0], make.outcome("retry", "RETRY"))
        take()
        driver.receiver.release("w1", penalty=False)
    assert [delivery.message.id for delivery in take()] == ["m"]


def test_a_delivery_tells_how_many_count(driver, make, take):
    driver.sender.send(make.message(id="m"))
    (delivery,) = take()
    assert (delivery.attempt, delivery.deliveries) == (1, 1)
    driver.receiver.release("w1", penalty=False)
    (delivery,) = take()
    assert (delivery.attempt, delivery.deliveries) == (2, 1)
    driver.receiver.release("w1", penalty=True)
    (delivery,) = take()
    assert (delivery.attempt, delivery.deliveries) == (3, 2)
    assert driver.receiver.settle(delivery, make.outcome("retry", "RETRY"))
    (delivery,) = take()
    assert (delivery.attempt, delivery.deliveries) == (4, 2)


def test_a_return_with_penalty_counts(driver, make, take):
    driver.sender.send(make.message(id="m"))
    for _ in range(5):
        assert take()
        assert driver.receiver.release("w1", penalty=True) == 1
    assert take() == []
    assert driver.outcomes.get("m").state is State.FAILURE


def test_only_the_owners_named_messages_are_put_back(driver, make, take, claimed):
    driver.sender.send_many([make.message(id=name) for name in "abc"])
    take(limit=2, owner="w1")
    take(limit=1, owner="w2")
    assert driver.receiver.release("w1", ["b", "c"], penalty=False) == 1
    assert claimed() == ["b"]
    assert driver.receiver.release("nobody", penalty=True) == 0


def test_a_renewed_lease_is_not_reaped(driver, make, clock, take):
    driver.sender.send_many([make.message(), make.message(), make.message()])
    take(limit=2, owner="w1")
    take(limit=1, owner="w2")
    clock.advance(20)
    assert driver.receiver.renew(["w1", "absent"], lease=LEASE) == 2
    clock.advance(15)
    assert driver.receiver.reap() == 1
    clock.advance(15)
    assert driver.receiver.reap() == 2


def test_an_unkept_outcome_without_an_entry_leaves_nothing(driver, make, take):
    driver.sender.send(make.message(id="m"))
    driver.receiver.settle(take()[0], make.outcome(result=1, keep=False))
    assert driver.outcomes.get("m") is None


def test_an_unkept_outcome_of_an_entry_keeps_its_state_only(driver, make, take):
    driver.sender.send(make.message(id="m", entry="a", fire_time=5))
    driver.receiver.settle(take()[0], make.outcome(result=1, keep=False))
    stored = driver.outcomes.get("m")
    assert (stored.state, stored.result) == (State.SUCCESS, None)


def test_wait_returns_at_once_when_something_is_there(driver, make):
    driver.sender.send(make.message())
    assert driver.receiver.wait(["celery"], 60 * SECOND)


def test_wait_ends_at_its_time_out(driver, make):
    driver.sender.send(make.message(queue="mail"))
    assert not driver.receiver.wait(["celery"], 30_000)
    assert not driver.receiver.wait([], 10_000)


def test_wait_notices_what_another_thread_sends(driver, make):
    sending = threading.Timer(0.1, lambda: driver.sender.send(make.message()))
    sending.start()
    assert driver.receiver.wait(["celery"], 20 * SECOND)
    sending.join()


def test_wait_notices_that_a_delayed_message_is_due(driver, make, clock):
    driver.sender.send(make.message(due=clock.now() + SECOND // 5))
    moving = threading.Timer(0.1, lambda: clock.advance(1))
    moving.start()
    assert driver.receiver.wait(["celery"], 20 * SECOND)
    moving.join()
