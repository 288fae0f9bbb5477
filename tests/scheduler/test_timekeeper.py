from beatd.scheduler.timekeeper import Timekeeper
from tests.scheduler.model import SECOND, ModelClock

MINUTE = 60 * SECOND


def test_a_small_step_is_followed() -> None:
    clock = ModelClock(0)
    time = Timekeeper(clock)
    clock.step(5 * SECOND)
    assert time.now() == 5 * SECOND


def test_a_forward_step_over_a_minute_is_held_then_believed(caplog) -> None:
    clock = ModelClock(0)
    time = Timekeeper(clock)
    clock.step(60 * MINUTE)
    assert time.now() == 0
    assert time.holding
    assert caplog.text.count("the clock was set forward") == 1
    clock.advance(59 * SECOND)
    assert time.now() == 59 * SECOND
    clock.advance(SECOND)
    assert time.now() == 61 * MINUTE
    assert not time.holding


def test_a_step_taken_back_within_the_minute_never_happened() -> None:
    clock = ModelClock(0)
    time = Timekeeper(clock)
    clock.step(60 * MINUTE)
    time.now()
    clock.step(-60 * MINUTE)
    assert time.now() == 0
    assert not time.holding


def test_suspension_is_no_step_because_the_elapsed_clock_counts_it() -> None:
    clock = ModelClock(0)
    time = Timekeeper(clock)
    clock.advance(120 * MINUTE)
    assert time.now() == 120 * MINUTE


def test_a_backward_step_is_followed() -> None:
    clock = ModelClock(120 * MINUTE)
    time = Timekeeper(clock)
    clock.step(-60 * MINUTE)
    assert time.now() == 60 * MINUTE


def test_a_backward_step_is_told_once_with_the_moment_up_to_which_all_was_fired(caplog) -> None:
    clock = ModelClock(120 * MINUTE)
    time = Timekeeper(clock)
    assert time.back_until is None
    for _ in range(2):
        clock.step(-30 * MINUTE)
        time.now()
    assert time.back_until == 120 * MINUTE
    assert caplog.text.count("set back") == 1
    clock.advance(60 * MINUTE)
    time.now()
    assert time.back_until is None
