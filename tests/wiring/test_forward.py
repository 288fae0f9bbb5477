import shutil

import pytest

from beatd.errors import StoreError
from beatd.wiring.forward import Upto, forward_owed
from tests.wiring.conftest import SECOND, ZERO

EVERY_10S = "schedule = 'every 10s'"


def forward(desk, seconds, **given):
    return forward_owed(desk.settings(), Upto(moment=ZERO + seconds * SECOND, note="too late", **given))


def resting(desk, seconds, **entries):
    """Define entries and let no scheduler run for a while."""
    desk.write(**entries)
    scheduler = desk.scheduler("one")
    desk.settle(scheduler)
    scheduler.stop()
    desk.clock.advance(seconds)


def test_what_is_owed_ends_forwarded_with_the_reason_and_is_not_fired(desk) -> None:
    resting(desk, 3600, a=f"{EVERY_10S}\nmisfire = 'all'")
    done = forward(desk, 3000)
    assert (done.entries, done.fires, done.left, done.cleared) == (1, 300, [], False)
    assert desk.ranges() == [("forwarded", 10, 3000, 300)]
    assert desk.state.history.runs()[0].reason == "too late"
    last = desk.scheduler("two")
    desk.settle(last)
    assert desk.emitted("a") == [3000.0 + 10 * n for n in range(1, 61)]


def test_only_one_entry_where_it_is_named(desk) -> None:
    resting(desk, 100, a=EVERY_10S, b=EVERY_10S)
    forward(desk, 100, name="b")
    assert (desk.ranges("a"), desk.ranges("b")) == ([], [("forwarded", 10, 100, 10)])
    with pytest.raises(StoreError, match="no entry named 'c'"):
        forward(desk, 100, name="c")


def test_a_dry_run_changes_nothing(desk) -> None:
    resting(desk, 100, a=EVERY_10S)
    former = desk.state.records.load()
    done = forward(desk, 100, dry_run=True)
    assert (done.entries, done.fires) == (1, 10)
    assert (desk.ranges(), desk.state.records.load()) == ([], former)


def test_each_version_forwards_what_it_owed_in_its_own_time(desk) -> None:
    resting(desk, 100, a=EVERY_10S)
    desk.write(a="schedule = 'every 50s'")
    scheduler = desk.scheduler("two")
    scheduler.stop()
    desk.clock.advance(100)
    assert forward(desk, 200).fires == 12
    assert desk.ranges() == [("forwarded", 10, 100, 10), ("forwarded", 150, 200, 2)]


def test_nothing_owed_is_nothing_done_and_a_pause_stays_as_it_is(desk) -> None:
    resting(desk, 0, a=EVERY_10S)
    assert forward(desk, 5).fires == 0
    desk.sql("UPDATE beatd_entries SET open = 'paused'")
    assert forward(desk, 500).fires == 0


def test_a_backlog_that_is_being_drained_is_forwarded_too(desk) -> None:
    resting(desk, 3600, a=f"{EVERY_10S}\nmisfire = 'all'")
    scheduler = desk.scheduler("two")
    for _ in range(3):
        desk.clock.advance(0.1)
        scheduler.tick()
    scheduler.stop()
    assert desk.state.records.load()["a"].backlog is not None
    forward(desk, 3600)
    assert desk.state.records.load()["a"].backlog is None


def test_an_entry_whose_version_is_not_known_is_left_and_told(desk) -> None:
    resting(desk, 100, a=EVERY_10S, b=EVERY_10S)
    desk.sql("UPDATE beatd_entries SET version = 0 WHERE name = 'a'")
    done = forward(desk, 100)
    assert (done.left, done.fires) == (["a"], 10)


def test_after_a_restored_backup_it_lets_the_schedulers_go_on_without_firing_again(desk, tmp_path) -> None:
    desk.write(a=EVERY_10S)
    scheduler = desk.scheduler()
    desk.tick(scheduler, 12)
    copy = tmp_path / "copy.db"
    desk.state.close()
    shutil.copy(desk.database, copy)
    desk.tick(scheduler, 300, at_most=5)
    desk.state.close()
    for file in tmp_path.glob("beatd.db*"):
        file.unlink()
    shutil.copy(copy, desk.database)
    desk.tick(scheduler, 30)
    assert desk.emitted("a") == [10]
    done = forward(desk, 342)
    assert (done.fires, done.cleared) == (33, True)
    desk.tick(scheduler, 20)
    assert desk.emitted("a") == [10, 350, 360]
