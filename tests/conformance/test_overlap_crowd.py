"""Schedulers, workers and revokers at random on the same few entries: no two wait for each other, and all adds up."""

import os
import random
import time

import pytest

from beatd.core.identity import message_id
from beatd.core.record import Sent, Tracking

SECOND = 1_000_000
NAMES = [f"e{number}" for number in range(6)]
FOR = 4.0

pytestmark = pytest.mark.usefixtures("ends_are_seen")


def _item(driver, make, dice, name, record):
    """Return an entry's next item under one of the policies, None where its fire would be skipped."""
    tracking, fire_time = (record and record.tracking) or Tracking(), (record.cursor if record else 0) + 1
    former, held, now = tracking.unfinished, tracking.held, Sent(message_id("tests", name, 1, fire_time), fire_time, 1)
    policy = dice.choice(["queue_one", "queue_one", "cancel_previous", "allow"])
    fields = {"tracking": Tracking(unfinished=now)}
    if former is not None and policy == "queue_one":
        if held is not None:
            return None
        fields = {"tracking": Tracking(unfinished=former, held=now), "rests_on": former}
    elif former is not None and policy == "cancel_previous":
        fields["cancels"] = tuple((each.id, "cancelled") for each in (former, held) if each is not None)
    elif former is not None:
        fields |= {"releases": (held.id,) if held else (), "timed_out": former, "rests_on": former}
    return make.item(name, record, cursor=fire_time, emissions=(make.emission(name, fire_time),), **fields)


def _fire(driver, make, dice):
    names = dice.sample(NAMES, dice.randrange(1, 6))
    records = driver.records.load(names)
    items = [item for name in names if (item := _item(driver, make, dice, name, records.get(name))) is not None]
    driver.records.step(items)


def _work(driver, make, dice, owner):
    if dice.random() < 0.05:
        driver.receiver.release(owner, penalty=False)
    for delivery in driver.receiver.claim(["celery"], owner=owner, limit=dice.randrange(1, 5), lease=SECOND):
        if dice.random() < 0.9:
            end = dice.choice([("done", "SUCCESS"), ("done", "FAILURE"), ("dead", "FAILURE")])
            driver.receiver.settle(delivery, make.outcome(*end))


def _meddle(driver, dice):
    driver.receiver.reap()
    for record in driver.records.load(dice.sample(NAMES, 2)).values():
        sent = record.tracking and dice.choice([record.tracking.unfinished, record.tracking.held])
        if sent is not None:
            driver.limits.revoke(sent.id, terminate=dice.random() < 0.5)
    time.sleep(0.01)


def _for_a_while(act):
    done, dice, end = 0, random.Random(os.getpid()), time.monotonic() + FOR
    while time.monotonic() < end:
        act(dice)
        done += 1
    return done


def test_whatever_meets_at_the_same_entries_adds_up(shared, make, fork):
    shared.define(*NAMES)
    deeds = [lambda dice: _fire(shared, make, dice)] * 2
    deeds += [lambda dice, owner=f"w{number}": _work(shared, make, dice, owner) for number in range(3)]
    deeds += [lambda dice: _meddle(shared, dice)]
    crowd = [fork(lambda deed=deed: _for_a_while(deed)) for deed in deeds]
    assert all(int(each.result()) > 0 for each in crowd)
    for number in range(3):
        shared.receiver.release(f"w{number}", penalty=False)
    runs, records = shared.history.runs(limit=1_000_000), shared.records.load(NAMES)
    tracked = [record.tracking for record in records.values() if record.tracking is not None]
    waiting = {run.message_id for run in runs if run.state == "emitted"}
    assert {run.message_id for run in runs if run.state == "held"} == {each.held.id for each in tracked if each.held}
    assert {each.unfinished.id for each in tracked if each.unfinished} <= waiting
    fires = sorted((run.entry, run.fire_time) for run in runs)
    assert fires == sorted((name, at) for name, each in records.items() for at in range(1, each.cursor + 1))
    # What is left ends, and nothing stays behind.
    for _ in range(20):
        for delivery in shared.receiver.claim(["celery"], owner="last", limit=100, lease=30 * SECOND):
            shared.receiver.settle(delivery, make.outcome())
    assert {run.state for run in shared.history.runs(limit=1_000_000)} <= {"success", "failure", "dead", "revoked"}
    assert all(record.tracking is None for record in shared.records.load(NAMES).values())
