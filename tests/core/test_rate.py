"""Rates: their text, and whose turn it is."""

import pytest

from beatd.core.limits.rate import HORIZON, TOLERANCE, Line, Rate, parse_rate, turn

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND


@pytest.mark.parametrize(
    ("text", "interval"),
    [("10/s", 100_000), (" 100 / m ", 600_000), ("1000/h", 3_600_000), ("3/s", 333_333), ("10000/s", 100)],
)
def test_a_rate_is_an_interval(text, interval) -> None:
    assert parse_rate(text) == Rate(interval, TOLERANCE)


@pytest.mark.parametrize("text", ["10", "10/d", "/s", "-1/s", "1.5/s", "ten/s", "10/s/s", "", 10, None])
def test_a_text_that_is_no_rate_is_refused_with_what_to_write(text) -> None:
    with pytest.raises(ValueError, match=r"is no rate; write how many in a second, minute or hour: '10/s'"):
        parse_rate(text)


def test_a_rate_of_nothing_and_one_that_is_no_limit_are_refused() -> None:
    with pytest.raises(ValueError, match="lets nothing begin; `beatd queue pause`"):
        parse_rate("0/s")
    with pytest.raises(ValueError, match="more than 10000/s"):
        parse_rate("10001/s")
    assert parse_rate("36000000/h").interval == 100


def test_a_token_a_second_and_no_more_however_long_nobody_came() -> None:
    rate, line = Rate(SECOND, 0), Line()
    line, due = turn(line, rate, NOW, waited=False)
    assert due is None
    for number in (1, 2, 3):
        line, due = turn(line, rate, NOW, waited=False)
        assert due == NOW + number * SECOND


def test_what_is_claimed_late_is_caught_up_within_the_tolerance() -> None:
    rate, line, taken = Rate(10_000, 100_000), Line(), 0
    for at in range(NOW, NOW + 10 * SECOND, 35_000):  # three or four tokens behind at each look
        while (found := turn(line, rate, at, waited=True))[1] is None:
            line, taken = found[0], taken + 1
    assert 1000 <= taken <= 1011


def test_who_comes_anew_stands_behind_those_that_wait() -> None:
    rate, line = Rate(SECOND, 0), Line()
    for _ in range(3):
        line, _ = turn(line, rate, NOW, waited=False)
    later = NOW + SECOND  # the turn of the second, whose token is free by now
    line, due = turn(line, rate, later, waited=False)
    assert due == NOW + 3 * SECOND
    assert turn(line, rate, later, waited=True)[1] is None


def test_turns_that_nobody_took_are_given_again_in_their_order() -> None:
    rate, line = Rate(SECOND, 0), Line()
    for _ in range(10):
        line, _ = turn(line, rate, NOW, waited=False)
    back = NOW + 5 * SECOND  # four of them are past
    dues = []
    for _ in range(5):
        line, due = turn(line, rate, back, waited=True)
        dues.append(due)
    assert dues == [None, *(back + number * SECOND for number in (1, 2, 3, 4))]
    # The sixth had a turn at this moment, and goes behind them.
    line, due = turn(line, rate, back + SECOND, waited=True)
    assert due is None
    line, due = turn(line, rate, back + SECOND, waited=True)
    assert due == back + 5 * SECOND


@pytest.mark.parametrize("waited", [False, True])
def test_no_turn_is_given_further_ahead_than_some_minutes_whoever_took_those_before(waited) -> None:
    far = NOW + 36_000 * SECOND
    line = Line(next_at=far, late_at=far if waited else 0, tail_at=0 if waited else far)
    line, due = turn(line, Rate(SECOND), NOW, waited=waited)
    assert due == NOW + HORIZON
    # Once what is left of the tokens is there, it goes on.
    assert turn(line._replace(next_at=NOW), Rate(SECOND), NOW + HORIZON, waited=waited)[1] is None
