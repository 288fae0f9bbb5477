import os
import random
import signal
from threading import Event

import pytest

from beatd.errors import StoreError
from beatd.wiring.audit import Asked, audit
from beatd.wiring.backfill import Wanted, backfill
from tests.wiring.conftest import SECOND, ZERO

EVERY_10S = "schedule = 'every 10s'"
HOUR = 3600


def run(desk, first=1, until=HOUR, name="a", settings=None, **wanted):
    span = {"first": ZERO + first * SECOND, "until": ZERO + until * SECOND}
    given = Wanted(name=name, rate=100_000, **span, **wanted)
    return backfill(settings or desk.settings(), given, lambda _emitted, _reached: None)


def test_what_was_coalesced_is_emitted_under_its_own_ids_and_the_record_says_so(desk) -> None:
    desk.rest(EVERY_10S, HOUR)
    assert desk.sent() == [3600]
    before = desk.state.records.load(["a"])
    done = run(desk)
    assert (done.emitted, done.finished, done.left) == (359, True, [])
    assert desk.sent() == [10.0 * n for n in range(1, 361)]
    assert [each[0] for each in desk.ranges()] == ["backfilled"] * 359
    assert desk.state.records.load(["a"]) == before


def test_running_it_again_emits_nothing_more(desk) -> None:
    desk.rest(EVERY_10S, HOUR)
    run(desk)
    assert run(desk).emitted == 0
    assert len(desk.sent()) == 360


def test_a_range_is_split_exactly(desk) -> None:
    desk.rest(EVERY_10S, HOUR)
    exceptions = desk.settings(history="exceptions")
    assert run(desk, 1000, 2001, settings=exceptions).emitted == 101
    assert desk.ranges() == [
        ("coalesced", 10, 990, 99),
        ("backfilled", 1000, 1990, 100),
        ("backfilled", 2000, 2000, 1),
        ("coalesced", 2010, 3590, 159),
    ]


def test_the_edges_are_from_included_to_excluded_and_cut_at_the_cursor(desk) -> None:
    desk.rest(EVERY_10S, 100)
    assert run(desk, 20, 40).emitted == 2
    assert desk.sent() == [20, 30, 100]
    done = run(desk, 0, 10_000)
    assert (done.emitted, done.until) == (7, ZERO + 100 * SECOND + 1)


def test_a_limit_leaves_the_rest_to_the_next_run_of_the_same_backfill(desk) -> None:
    desk.rest(EVERY_10S, HOUR)
    first = run(desk, limit=150)
    assert (first.emitted, first.finished, first.resumed) == (150, False, False)
    second = run(desk, limit=1000)
    assert (second.emitted, second.finished, second.resumed, second.errand) == (209, True, True, first.errand)


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_killed_after_any_step_and_run_again_it_neither_loses_nor_doubles(desk, again, steps) -> None:
    desk.rest(EVERY_10S, HOUR)
    settings, done = desk.settings(), []

    def die(emitted: int, _reached: int) -> None:
        done.append(emitted)
        if len(done) > steps:
            raise KeyboardInterrupt

    wanted = Wanted(name="a", first=ZERO + 1, until=ZERO + HOUR * SECOND, again=again, rate=100_000)
    with pytest.raises(KeyboardInterrupt):
        backfill(settings, wanted, die)
    rest = backfill(settings, wanted, lambda _emitted, _reached: None)
    assert rest.resumed
    assert done[-1] + rest.emitted == 359
    # 3600 is not before --to; what was emitted at its time is there too.
    assert desk.sent() == [10.0 * n for n in range(1, 361)]


def test_again_emits_all_under_ids_of_its_own_and_leaves_the_record_alone(desk) -> None:
    desk.rest(EVERY_10S, 100)
    former = desk.ranges()
    assert run(desk, 1, 101, again=True).emitted == 10
    assert desk.sent() == [*[10.0 * n for n in range(1, 11)], 100]
    assert desk.ranges() == former
    assert run(desk, 1, 101, again=True).emitted == 10
    assert len(desk.sent()) == 21


def test_a_dry_run_counts_and_changes_nothing(desk) -> None:
    desk.rest(EVERY_10S, HOUR)
    former = desk.ranges()
    assert run(desk, 1000, 2001, dry_run=True).emitted == 101
    assert run(desk, 1, HOUR, dry_run=True, again=True).emitted == 359
    assert (desk.sent(), desk.ranges()) == ([3600], former)


def test_a_hundred_million_fires_are_counted_by_arithmetic(desk) -> None:
    desk.rest("schedule = 'every 2s'", 100)
    done = run(desk, -216_000_000 + 1, 101, dry_run=True, again=True)
    assert done.emitted == 108_000_050


def test_a_dry_run_of_again_counts_each_version_in_its_own_time(desk) -> None:
    desk.write(a=EVERY_10S)
    desk.scheduler("one").stop()
    desk.clock.advance(100)
    desk.write(a="schedule = 'every 20s'")
    second = desk.scheduler("two")
    desk.settle(second)
    second.stop()
    desk.clock.advance(100)
    third = desk.scheduler("three")
    desk.settle(third)
    third.stop()
    counted = run(desk, -99, 201, dry_run=True, again=True).emitted
    assert counted == run(desk, -99, 201, again=True).emitted > 20


@pytest.mark.parametrize("again", [False, True])
def test_more_than_a_million_messages_are_sent_only_when_a_limit_asks_for_them(desk, again) -> None:
    desk.rest("schedule = 'every 1s'", 12 * 86_400)
    sent = desk.sent()
    with pytest.raises(StoreError, match=r"1036799 messages.*--limit N") as refused:
        run(desk, 1, 12 * 86_400, again=again)
    assert "--dry-run" in str(refused.value)
    assert desk.sent() == sent
    with desk._open[-1].read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM beatd_backfills").scalar() == 0
    assert run(desk, 1, 12 * 86_400, again=again, limit=5).emitted == 5
    assert run(desk, 1, 12 * 86_400, again=again, dry_run=True).emitted >= 1_036_794


def test_each_version_is_backfilled_with_what_it_said_in_its_own_time(desk) -> None:
    desk.write(a=f"{EVERY_10S}\nargs = [1]")
    desk.scheduler("one").stop()
    desk.clock.advance(300)
    desk.write(a="schedule = 'every 20s'\nargs = [2]")
    last = desk.scheduler("one")
    desk.settle(last)
    last.stop()
    desk.clock.advance(300)
    last = desk.scheduler("one")
    desk.settle(last)
    last.stop()
    run(desk, 0, 601)
    with desk._open[-1].read() as connection:
        found = connection.exec_driver_sql("SELECT body, count(*) FROM beatd_messages GROUP BY 1 ORDER BY 1").all()
    assert [(bytes(body)[:5], count) for body, count in found] == [(b"[[1],", 30), (b"[[2],", 15)]


def test_it_counts_neither_for_max_runs_nor_expires(desk) -> None:
    desk.rest(f"{EVERY_10S}\nexpires = '5s'\nmax_runs = 3", 100)
    runs = desk.state.records.load(["a"])["a"].runs
    run(desk, 0, 101)
    assert desk.state.records.load(["a"])["a"].runs == runs
    with desk._open[-1].read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM beatd_messages WHERE expires IS NOT NULL").scalar() == 1
    assert desk.sent() == [10.0 * n for n in range(1, 11)]


def test_what_is_older_than_the_history_kept_is_reported_and_left(desk) -> None:
    desk.rest(EVERY_10S, HOUR)
    desk.state.history.prune(before=ZERO + HOUR * SECOND, most=1000)
    done = run(desk)
    assert done.emitted == 0
    (left,) = done.left
    assert (left.reason[:8], left.first, left.count) == ("not kept", ZERO + SECOND, None)
    assert run(desk, again=True).emitted == 359


def test_fires_of_a_version_that_is_not_known_are_reported_and_left(desk) -> None:
    desk.rest(EVERY_10S, 100)
    desk.sql("UPDATE beatd_fires SET version = 77, reason = 'unknown', count = NULL WHERE reason = 'coalesced'")
    done = run(desk)
    assert (done.emitted, [each.count for each in done.left]) == (0, [None])
    assert "not known" in done.left[0].reason


def test_a_fire_that_the_broker_cannot_take_is_left_and_the_others_go_on(desk) -> None:
    desk.rest(f"{EVERY_10S}\nkwargs = {{ text = '{'x' * (17 << 20)}' }}", 25)
    assert [each[0] for each in desk.ranges()] == ["refused", "refused"]
    done = run(desk)
    assert (done.emitted, len(done.left), done.finished) == (0, 2, True)
    assert [each[0] for each in desk.ranges()] == ["refused", "refused"]


def test_an_unknown_name_is_told_with_the_nearest_one(desk) -> None:
    desk.rest(EVERY_10S, 10, nightly=EVERY_10S)
    with pytest.raises(StoreError, match="no entry named 'nigthly'; did you mean 'nightly'"):
        run(desk, name="nigthly")


def test_an_entry_that_has_not_begun_has_nothing_to_backfill(desk) -> None:
    desk.write(a=EVERY_10S)
    desk.scheduler("one").stop()
    with pytest.raises(StoreError, match="has no fire that is settled yet"):
        run(desk)


def test_after_a_backfill_the_audit_finds_every_fire_once(desk) -> None:
    desk.rest(EVERY_10S, HOUR)
    run(desk, 1000, 2001)
    (found,) = audit(desk.settings(), Asked(since=ZERO, until=ZERO + (HOUR + 1) * SECOND)).findings
    assert (found.emitted, dict(found.disposed)) == (1, {"coalesced": 258, "backfilled": 101})
    assert (found.missing, found.extra, found.expected) == (0, 0, 360)


@pytest.mark.parametrize("again", [False, True])
def test_killed_at_random_moments_and_run_again_until_it_ends_it_emits_each_fire_once(desk, again) -> None:
    desk.rest("schedule = 'every 1s'", HOUR)
    settings, dice = desk.settings(), random.Random(11)
    wanted = Wanted(name="a", first=ZERO + 1, until=ZERO + HOUR * SECOND, again=again, rate=100_000)
    kills, ended = 0, False
    while not ended:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                backfill(settings, wanted, lambda _emitted, _reached: None)
                code = 0
            finally:
                os._exit(code)
        # Longer each time, so that it comes to its end on a slow machine too.
        Event().wait(dice.uniform(0.0, 0.05 + 0.02 * kills))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        assert status in {0, signal.SIGKILL}
        ended, kills = status == 0, kills + 1
    assert desk.sent() == [float(n) for n in range(1, HOUR + 1)]
