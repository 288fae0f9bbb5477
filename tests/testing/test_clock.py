from datetime import UTC, datetime, timedelta

import pytest

from beatd.ports import Clock
from beatd.testing.clock import ManualClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_time_passes_on_both_clocks_when_told_to() -> None:
    clock: Clock = ManualClock(NOON)
    before = clock.now(), clock.elapsed()
    assert isinstance(clock, ManualClock)
    clock.advance(1.5)
    clock.advance(timedelta(minutes=1))
    assert (clock.now() - before[0], clock.elapsed() - before[1]) == (61_500_000, 61_500_000)
    assert clock.moment == NOON + timedelta(seconds=61.5)


def test_setting_the_clock_lets_no_time_pass() -> None:
    clock = ManualClock(NOON)
    clock.set(NOON - timedelta(hours=1))
    assert clock.moment == NOON - timedelta(hours=1)
    assert clock.elapsed() == 0


def test_advancing_to_a_moment_that_has_passed_moves_nothing() -> None:
    clock = ManualClock(NOON)
    clock.advance_to(NOON - timedelta(hours=1))
    assert clock.moment == NOON
    clock.advance_to(NOON + timedelta(hours=1))
    assert clock.elapsed() == 3_600_000_000


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="use set"):
        ManualClock(NOON).advance(-1)


def test_a_moment_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        ManualClock(datetime(2026, 1, 1))  # noqa: DTZ001  the mistake under test
