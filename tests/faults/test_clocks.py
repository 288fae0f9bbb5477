"""Clocks that step, drift, stop and disagree: nothing fires twice or early, and it is said."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from beatd.errors import StoreError
from beatd.wiring.plausible import check_clock
from tests.faults.ledger import read_ledger
from tests.scheduler.model import ModelClock
from tests.scheduler.stage import START

SECOND = 1_000_000


def seconds(first: int, last: int) -> list[float]:
    return [float(moment) for moment in range(first, last + 1)]


def step(troubled, seconds: float) -> None:
    troubled.clock.set(troubled.clock.moment + timedelta(seconds=seconds))


def test_an_hour_ahead_fires_nothing_for_a_minute_and_then_by_policy(troubled, caplog) -> None:
    troubled.write(a="schedule = 'every 10m'")
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 5)
    with caplog.at_level(logging.ERROR):
        step(troubled, 3600)
        troubled.tick(scheduler, 50, at_most=5)
    assert "set forward: held" in caplog.text
    assert scheduler._status()["clock_held"] is True
    assert troubled.emitted("a") == []
    troubled.tick(scheduler, 20, at_most=5)
    assert troubled.runs("a") == [(600, "coalesced", 5), (3600, "emitted", 1)]


def test_an_hour_back_fires_nothing_again_and_says_until_when(troubled, caplog) -> None:
    troubled.write(a="schedule = 'every 10s'")
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 3605, at_most=55)
    sent = set(read_ledger(troubled.direct).sent)
    with caplog.at_level(logging.WARNING):
        step(troubled, -3600)
        troubled.tick(scheduler, 60, at_most=5)
    assert set(read_ledger(troubled.direct).sent) == sent
    assert caplog.text.count("the clock was set back: what has fired up to 2026-03-01T13:00:05Z") == 1
    assert scheduler._status()["clock_back_until"] == int((START.timestamp() + 3605) * SECOND)
    troubled.tick(scheduler, 3565, at_most=55)
    assert troubled.emitted("a")[-2:] == [3620, 3630]
    assert scheduler._status()["clock_back_until"] is None


def test_a_slewed_clock_makes_no_fire_a_second_late(troubled) -> None:
    troubled.write(a="schedule = 'every 1s'")
    scheduler = troubled.scheduler()
    for parts in (-500, 500):
        for _ in range(60):
            wait = scheduler.tick() / SECOND
            troubled.clock.advance(wait)
            step(troubled, wait * parts / 1_000_000)
    found = troubled.emitted("a")
    assert found == seconds(1, int(found[-1]))
    assert scheduler.report.as_mapping()["lateness_p99_ms"] < 1000


def test_a_leap_second_that_repeats_fires_each_second_once(troubled) -> None:
    troubled.write(a="schedule = '* * * * * *'")
    troubled.clock.set(datetime(2026, 6, 30, 23, 59, 55, 500_000, tzinfo=UTC))
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 4.4, at_most=0.1)
    step(troubled, -1)
    troubled.tick(scheduler, 4, at_most=0.1)
    assert read_ledger(troubled.direct).problems(SECOND) == []
    fires = sorted(fire // SECOND % 60 for _, _, fire in read_ledger(troubled.direct).sent)
    assert fires == [0, 1, 2, 56, 57, 58, 59]


@pytest.mark.parametrize("pause", [3, 40, 7200])
def test_a_machine_that_was_suspended_asks_for_its_lease_before_it_fires(troubled, pause) -> None:
    troubled.write(a="schedule = 'every 1s'", b="schedule = 'every 1s'\nmisfire = 'all'\ncatch_up_limit = 100")
    first, second = troubled.scheduler("one"), troubled.scheduler("two")
    troubled.tick_all(first, second, seconds=3)
    troubled.clock.advance(pause)
    if pause > 6:
        # The other one was awake, and has taken over.
        troubled.settle(second)
        assert not first._may_emit()
    troubled.tick_all(first, second, seconds=3)
    for each in (first, second):
        troubled.settle(each)
    due = pause + 6
    assert troubled.emitted("a")[-1] >= due
    if pause > 60:
        assert len(troubled.emitted("a")) < 20
        assert len(troubled.emitted("b")) < 120
    else:
        assert troubled.emitted("a") == seconds(1, int(troubled.emitted("a")[-1]))


@pytest.mark.parametrize("skew", [31, -31])
def test_a_host_whose_clock_is_off_stands_by_and_another_takes_over(remote, skew, caplog) -> None:
    remote.write(a="schedule = 'every 1s'")
    wrong, right = remote.scheduler("wrong"), remote.scheduler("right")
    remote.tick_all(wrong, right, seconds=2)
    witness = ModelClock(remote.clock.now() + skew * SECOND)
    wrong._ports = replace(wrong._ports, witness=witness)
    with caplog.at_level(logging.ERROR):
        for _ in range(20):
            witness.advance(SECOND)
            remote.tick_all(wrong, right, seconds=1)
    assert wrong.on_standby
    assert len(right._parts) == 64
    assert caplog.text.count("off the store's: standing by") == 1
    assert remote.emitted("a") == seconds(1, 22)
    witness.wall = remote.clock.now()
    for _ in range(20):
        witness.advance(SECOND)
        remote.tick_all(wrong, right, seconds=1)
    assert not wrong.on_standby
    assert remote.emitted("a") == seconds(1, 42)


@pytest.mark.parametrize("year", [1970, 2001, 2039])
def test_a_clock_that_cannot_be_right_is_refused_at_start(troubled, year) -> None:
    troubled.write(a="schedule = 'every 1s'")
    scheduler = troubled.scheduler()
    troubled.tick(scheduler, 2)
    scheduler.stop()
    check_clock(troubled.state, catch_up=False)
    troubled.clock.set(START.replace(year=year))
    with pytest.raises(StoreError, match=rf"the clock reads {year}-.*nothing is fired; set"):
        check_clock(troubled.state, catch_up=False)
    if year == 2039:
        check_clock(troubled.state, catch_up=True)


def test_a_store_that_is_new_is_begun_by_any_clock_since_beatd_was_written(troubled) -> None:
    troubled.clock.set(START.replace(year=2039))
    troubled.write(a="schedule = 'every 1s'")
    troubled.scheduler()
    check_clock(troubled.state, catch_up=False)
