"""Ends and steps of several processes: one of them is killed, and nothing is held for ever or runs beside another."""

import time
from itertools import count

import pytest

from beatd.core.identity import message_id
from beatd.core.record import Sent, Tracking

SECOND = 1_000_000

pytestmark = pytest.mark.usefixtures("ends_are_seen")


def _fire_forever(driver, make):
    """Queue one behind the other, as a scheduler of an entry with ``overlap = "queue_one"`` does."""
    for fire_time in count(1):
        record = driver.records.load(["a"]).get("a")
        tracking = (record and record.tracking) or Tracking()
        if record is not None and record.cursor >= fire_time:
            continue
        now = Sent(message_id("tests", "a", 1, fire_time), fire_time, fire_time)
        if tracking.unfinished is None:
            fields = {"tracking": Tracking(unfinished=now)}
        elif tracking.held is None:
            fields = {"tracking": Tracking(unfinished=tracking.unfinished, held=now), "rests_on": tracking.unfinished}
        else:
            time.sleep(0.001)
            continue
        fields["emissions"] = (make.emission("a", fire_time),)
        driver.records.step([make.item("a", record, cursor=fire_time, **fields)])


def _work_forever(driver, make):
    while True:
        for delivery in driver.receiver.claim(["celery"], owner="w", limit=1, lease=SECOND):
            driver.receiver.settle(delivery, make.outcome())


def test_kill_9_of_who_fires_and_who_works_leaves_nothing_held_behind_what_has_ended(shared, make, fork):
    shared.define("a")
    for _ in range(4):
        former = len(shared.history.runs(state="success", limit=100_000))
        firing, working = fork(lambda: _fire_forever(shared, make)), fork(lambda: _work_forever(shared, make))
        deadline = time.monotonic() + 30
        while len(shared.history.runs(state="success", limit=100_000)) < former + 40:
            assert time.monotonic() < deadline
        working.kill()
        firing.kill()
        shared.receiver.release("w", penalty=False)
        ready = shared.history.runs(state="emitted", limit=100_000)
        held = shared.history.runs(state="held", limit=100_000)
        record = shared.records.load(["a"])["a"]
        tracking = record.tracking or Tracking()
        assert [run.message_id for run in ready] == ([tracking.unfinished.id] if tracking.unfinished else [])
        assert [run.message_id for run in held] == ([tracking.held.id] if tracking.held else [])
    runs = [run.fire_time for run in shared.history.runs(limit=100_000)]
    assert len(runs) == len(set(runs))


def _fail_forever(driver, make, owner):
    while True:
        for delivery in driver.receiver.claim(["celery"], owner=owner, limit=1, lease=30 * SECOND):
            driver.receiver.settle(delivery, make.outcome("done", "FAILURE"))


def test_who_follows_the_notices_misses_no_end_of_several_workers(shared, make, fork):
    names = [f"e{number}" for number in range(6)]
    shared.define(*names)
    workers = [fork(lambda owner=f"w{number}": _fail_forever(shared, make, owner)) for number in range(3)]
    mark, known = 0, {}
    for fire_time in range(1, 9):
        for name in names:
            tracking = Tracking(failures=fire_time - 1, pause_after=100)
            fields = {"tracking": tracking, "emissions": (make.emission(name, fire_time),), "cursor": fire_time}
            assert shared.records.step([make.item(name, shared.records.load([name]).get(name), **fields)])[0].stored
        deadline = time.monotonic() + 30
        while any(name not in known or known[name].tracking.failures < fire_time for name in names):
            assert time.monotonic() < deadline, "an end was not noticed"
            mark, changed = shared.records.noticed(mark)
            known.update(changed)
    for worker in workers:
        worker.kill()
