import pytest

from beatd.worker.roster import Cause, ChildRecord, Roster

SECOND = 1_000_000


@pytest.fixture
def roster():
    return Roster(3, draw=lambda: 1.0)


def child(roster, pid, now=0, *, ready=True):
    record = ChildRecord(pid=pid, owner=f"w/{pid}", slot=pid, generation=roster.generation, born_at=now)
    roster.born(record)
    if ready:
        roster.became_ready(record)
    return record


def test_the_first_child_is_alone_until_it_is_ready(roster):
    assert roster.missing(0) == 1
    first = child(roster, 1, ready=False)
    assert roster.missing(0) == 0
    roster.became_ready(first)
    assert roster.missing(0) == 2


def test_all_children_ready_is_complete(roster):
    for pid in (1, 2):
        child(roster, pid)
    assert not roster.complete()
    child(roster, 3)
    assert roster.complete()
    assert roster.missing(0) == 0


def test_the_first_death_is_made_good_at_once_and_a_storm_is_not(roster):
    for pid in (1, 2, 3):
        child(roster, pid)
    roster.died(1, SECOND)
    assert roster.missing(SECOND) == 1
    roster.died(2, SECOND)
    assert roster.missing(SECOND) == 0
    assert roster.missing(SECOND + SECOND // 5) == 2


def test_a_child_that_died_before_it_was_ready_is_waited_for(roster):
    child(roster, 1, ready=False)
    roster.died(1, 0)
    assert roster.missing(0) == 0
    assert roster.missing(SECOND // 10) == 1


def test_children_that_had_done_something_are_made_good_at_once(roster):
    for pid in (1, 2, 3):
        child(roster, pid)
    for pid in (1, 2, 3):
        roster.died(pid, SECOND, done=1)
    assert roster.missing(SECOND) == 3


def test_a_death_that_the_supervisor_wanted_delays_nothing(roster):
    for pid in (1, 2, 3):
        child(roster, pid)
    for pid in (1, 2, 3):
        roster.children[pid].killed = Cause.LIMIT
        roster.died(pid, 0)
    assert roster.missing(0) == 3


def test_a_reload_replaces_the_children_one_by_one(roster):
    for pid in (1, 2, 3):
        child(roster, pid)
    roster.reload()
    retired = []
    for pid in (4, 5, 6):
        assert roster.missing(0) == 1
        fresh = child(roster, pid, ready=False)
        assert roster.missing(0) == 0
        assert roster.to_retire() is None
        roster.became_ready(fresh)
        old = roster.to_retire()
        old.leaving = True
        retired.append(old.pid)
        assert roster.to_retire() is None
    assert retired == [1, 2, 3]
    assert roster.complete()
    assert roster.missing(0) == 0


def test_a_reload_that_fails_keeps_the_former_children(roster):
    for pid in (1, 2, 3):
        child(roster, pid)
    roster.reload()
    child(roster, 4, ready=False)
    roster.died(4, 0)
    assert roster.keep_former()
    assert roster.complete()
    assert roster.missing(10 * SECOND) == 0


def test_without_former_children_there_is_nothing_to_keep(roster):
    child(roster, 1, ready=False)
    roster.died(1, 0)
    assert not roster.keep_former()


def test_a_child_that_leaves_is_not_counted(roster):
    for pid in (1, 2, 3):
        child(roster, pid)
    roster.children[1].leaving = True
    assert roster.missing(0) == 1
