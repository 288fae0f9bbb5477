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


def test_children_that_had_begun_something_are_made_good_at_once(roster):
    for pid in range(1, 31):
        child(roster, pid)
    for pid in range(1, 31):
        roster.died(pid, SECOND, begun=True)
        assert not roster.is_storm()
    assert roster.missing(SECOND) == 3


def test_a_child_that_had_begun_something_ends_a_storm(roster):
    for pid in range(1, 10):
        child(roster, pid)
        roster.died(pid, 0)
    assert roster.missing(0) == 0
    child(roster, 10)
    roster.died(10, 0, begun=True)
    assert roster.missing(0) == 3
    child(roster, 11)
    roster.died(11, 0)
    assert roster.missing(0) == 3


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


def test_beside_a_worn_child_there_is_one_more_that_waits_for_a_place(roster):
    for pid in (1, 2, 3):
        child(roster, pid)
    assert roster.is_full()
    roster.children[1].worn = roster.children[2].worn = True
    assert roster.missing(0) == 1
    child(roster, 4).waits = True
    assert roster.missing(0) == 0
    assert roster.to_wake() == []
    roster.children[1].leaving = True
    # In the middle of its last task it still has its place.
    assert roster.to_wake() == []
    assert roster.missing(0) == 1
    roster.died(1, 0)
    assert [each.pid for each in roster.to_wake()] == [4]


def test_the_place_of_a_killed_child_is_free_at_once(roster):
    for pid in (1, 2, 3):
        child(roster, pid)
    child(roster, 4, ready=False).waits = True
    child(roster, 5).waits = True
    roster.children[2].killed = Cause.LIMIT
    assert [each.pid for each in roster.to_wake()] == [5]


def test_a_reload_retires_first_who_only_waits(roster):
    for pid in (1, 2, 3):
        child(roster, pid)
    child(roster, 4).waits = True
    roster.reload()
    assert roster.to_retire().pid == 4


def test_children_that_keep_dying_are_started_ever_more_slowly_but_not_without_bound(roster):
    waits = []
    for pid in range(1, 15):
        child(roster, pid, now=roster.start_at)
        now = roster.start_at
        roster.died(pid, now)
        waits.append(roster.start_at - now)
    assert waits[0] == 0
    assert waits[1:] == sorted(waits[1:])
    assert waits[-1] == 30 * SECOND
    assert roster.is_storm()


def test_it_is_calm_once_all_children_have_lived_for_a_while(roster):
    for pid in (1, 2, 3):
        child(roster, pid, now=pid)
    assert not roster.is_calm(5 * SECOND)
    assert roster.is_calm(11 * SECOND)
    roster.died(2, 11 * SECOND)
    assert not roster.is_calm(11 * SECOND)


def test_a_child_that_was_killed_for_its_size_before_it_did_anything_delays_the_next(roster):
    for pid in (1, 2):
        child(roster, pid).killed = Cause.MEMORY
        roster.died(pid, 0)
    assert roster.start_at > 0


def test_a_spare_goes_with_the_worn_child_that_it_was_for_where_fewer_are_wanted(roster):
    for pid in (1, 2, 3):
        child(roster, pid)
    roster.children[1].worn = True
    child(roster, 4).waits = True
    assert roster.to_retire() is None
    roster.children[1].leaving = True
    roster.concurrency = 2
    assert roster.to_retire() is roster.children[4]
    roster.children[4].leaving = True
    assert roster.to_retire() is None
    assert roster.missing(0) == 0


def test_a_spare_stays_as_long_as_it_is_for_somebody(roster):
    for pid in (1, 2, 3):
        child(roster, pid)
    roster.children[1].worn = roster.children[2].worn = True
    child(roster, 4, ready=False).waits = True
    roster.children[1].leaving = True
    roster.concurrency = 2
    assert roster.to_retire() is None
    roster.children[2].worn = False
    # It need not be ready to go.
    assert roster.to_retire() is roster.children[4]


def test_a_spare_that_takes_the_place_of_who_is_gone_stays(roster):
    for pid in (1, 2, 3):
        child(roster, pid)
    roster.children[1].worn = True
    child(roster, 4).waits = True
    roster.children[1].leaving = True
    assert roster.to_retire() is None
    roster.died(1, 0)
    assert roster.to_retire() is None
    assert [each.pid for each in roster.to_wake()] == [4]
