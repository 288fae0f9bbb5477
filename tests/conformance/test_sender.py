"""Sending."""

import pytest

from beatd.errors import StoreError

SECOND = 1_000_000


def test_an_id_that_waits_is_ignored(driver, make, claimed):
    driver.sender.send(make.message(id="m", body=b"first"))
    driver.sender.send(make.message(id="m", body=b"second"))
    (delivery,) = driver.receiver.claim(["celery"], owner="w", limit=5, lease=SECOND)
    assert delivery.message.body == b"first"


def test_an_id_that_has_run_is_ignored(driver, make, claimed):
    driver.sender.send(make.message(id="m"))
    (delivery,) = driver.receiver.claim(["celery"], owner="w", limit=5, lease=SECOND)
    driver.receiver.settle(delivery, make.outcome())
    driver.sender.send(make.message(id="m"))
    assert claimed() == []


def test_all_are_sent_or_none(driver, make):
    with pytest.raises(StoreError, match=r"message big \(shop.add\) cannot be sent: the body has 16777217 bytes"):
        driver.sender.send_many([make.message(), make.message(id="big", body=b"x" * (16 * 1024 * 1024 + 1))])
    with pytest.raises(TypeError):
        driver.sender.send_many([make.message(), make.message(headers={"x": object()})])
    assert driver.admin.sizes() == {}


def test_several_requests_may_be_under_way_and_each_is_answered_for(driver, make):
    waits = [driver.sender.begin_many([make.message(id=f"{part}{number}") for number in range(3)]) for part in "abc"]
    driver.sender.begin_many([make.message(id="a1"), make.message(id="d0")])()
    for wait in waits:
        wait()
    assert driver.admin.sizes()["celery"]["ready"] == 10


def test_what_is_too_large_is_told_before_any_of_it_is_sent(driver, make):
    with pytest.raises(StoreError, match="message big"):
        driver.sender.begin_many([make.message(), make.message(id="big", body=b"x" * (16 * 1024 * 1024 + 1))])
    assert driver.admin.sizes() == {}


def test_nothing_to_send_is_no_error(driver):
    driver.sender.send_many([])
    driver.sender.begin_many([])()
    assert driver.admin.sizes() == {}


def test_a_trigger_goes_on_record(driver, make):
    driver.sender.send(make.message(id="m", entry="nightly", fire_time=77))
    (run,) = driver.history.runs(entry="nightly")
    assert (run.fire_time, run.state, run.message_id, run.task) == (77, "emitted", "m", "shop.add")
