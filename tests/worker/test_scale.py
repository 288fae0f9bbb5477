import re

import pytest

from beatd.core.protocol import build_message
from beatd.core.states import State
from beatd.worker.roster import ChildRecord
from beatd.worker.scale import Scale

SECOND = 1_000_000
MS = 1000
SCALE = Scale(2, 8, 30 * SECOND)


def resting(since):
    return ChildRecord(pid=since, owner="w", slot=0, generation=1, born_at=0, active_at=since)


@pytest.mark.parametrize(
    ("there", "busy", "waiting", "wanted"),
    [
        (2, 2, 0, 2),  # all at work, and nothing waits
        (2, 2, 1, 3),
        (2, 2, 4, 6),  # several at once
        (2, 2, 100, 8),  # no more than the most
        (2, 0, 2, 2),  # those that are idle are about to claim them
        (6, 1, 0, 6),  # fewer are a matter of rest, not of the moment
        (8, 0, 0, 8),
    ],
)
def test_there_is_a_child_for_each_task_that_runs_or_waits(there, busy, waiting, wanted):
    assert SCALE.raised(there, busy=busy, waiting=waiting) == wanted


def test_only_those_go_that_had_nothing_to_do_for_long_and_the_fewest_stay():
    idle = [resting(since * SECOND) for since in (5, 1, 40, 3)]
    assert [each.pid // SECOND for each in SCALE.to_dismiss(8, idle, 60 * SECOND)] == [1, 3, 5]
    assert [each.pid // SECOND for each in SCALE.to_dismiss(3, idle, 60 * SECOND)] == [1]
    assert SCALE.to_dismiss(2, idle, 60 * SECOND) == []
    assert SCALE.to_dismiss(8, idle, 30 * SECOND) == []


def test_who_is_to_be_replaced_soon_goes_first():
    idle = [resting(since * SECOND) for since in (1, 3, 5)]
    idle[1].worn = True
    assert [each.pid // SECOND for each in SCALE.to_dismiss(4, idle, 60 * SECOND)] == [3, 1]


def test_a_peak_that_comes_again_within_the_rest_changes_nothing():
    there, numbers, idle = 2, set(), []
    for second in range(600):
        peak = second % 20 == 0
        if peak:
            idle = [resting(second * SECOND) for _ in range(8)]
        there = SCALE.raised(there, busy=0, waiting=8 if peak else 0)
        there -= len(SCALE.to_dismiss(there, idle, second * SECOND))
        numbers.add(there)
    assert numbers == {8}


def test_more_children_come_at_once_and_go_when_they_rest_but_never_from_a_task(shop, until):
    worker = shop.start(autoscale=[1, 4], idle_after=2000 * MS, report=100 * MS)
    shop.run("pid")
    ids = [f"nap-{number}" for number in range(4)]
    shop.broker.sender.send_many([build_message(id=each, task="shop.nap", args=(3, each)) for each in ids])
    until(lambda: len([line for line in shop.lines() if line.endswith("begun")]) == 4, seconds=30)
    assert len(until(lambda: len(shop.children()) == 4 and shop.children())) == 4
    # All at once, but for one that was claimed between the look at the slots and the one at the queue.
    first = re.search(r"children=(\d) before=1 ", shop.lines_saying("action=scale")[0])
    assert int(first[1]) >= 3
    until(lambda: all(shop.outcome(each) for each in ids))
    # One of them is kept busy for longer than the others need to be dismissed.
    long = shop.send("nap", 5, "long")
    until(lambda: len(shop.children()) == 1 and shop.children()[0]["state"] == "busy", seconds=30)
    assert until(lambda: shop.outcome(long)).state is State.SUCCESS
    assert shop.lines().count("long begun") == 1
    assert {shop.state(each) for each in ids} == {State.SUCCESS}
    assert not shop.says("unexpectedly")
    assert worker.poll() is None


def test_children_do_not_go_for_lack_of_work_while_the_broker_is_away(shop, until):
    shop.start(autoscale=[1, 2], idle_after=2000 * MS, report=100 * MS)
    ids = [shop.send("nap", 1, f"{number}") for number in range(2)]
    until(lambda: all(shop.outcome(each) for each in ids), seconds=30)
    (shop.folder / "outage").touch()
    until(lambda: shop.says("the broker is not available"))
    before = len(shop.lines_saying("action=scale"))
    with pytest.raises(pytest.fail.Exception):
        until(lambda: len(shop.lines_saying("action=scale")) > before, seconds=4)
    (shop.folder / "outage").unlink()
    until(lambda: len(shop.children()) == 1, seconds=30)
