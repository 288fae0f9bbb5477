from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beatd.schedules.durations import LONGEST, format_duration, parse_duration

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("given_value", "microseconds"),
    [
        ("1h30m", 5400 * SECOND),
        ("90", 90 * SECOND),
        (" 90 ", 90 * SECOND),
        (90, 90 * SECOND),
        (0.25, 250_000),
        ("250ms", 250_000),
        ("1w2d3h4m5s6ms", 788_645_006_000),
        ("0", 0),
        ("90m", 5400 * SECOND),
        (timedelta(hours=2), 7200 * SECOND),
    ],
)
def test_a_duration_is_units_or_a_number_of_seconds(given_value, microseconds):
    assert parse_duration(given_value) == microseconds


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("1M", "'1m' for minutes"),
        ("30m1h", "write '1h30m'"),
        ("5m5m", "write '10m'"),
        ("1.5h", "write '1h30m'"),
        ("5 minutes", "write '5m'"),
        ("1h 30m", "write '1h30m'"),
        ("2 hours and 5 min", "write '2h5m'"),
        ("", "whole numbers"),
        ("soon", "whole numbers"),
        ("-5m", "whole numbers"),
        ("٣m", "whole numbers"),
        ("5x", "whole numbers"),
        (-1, "not negative"),
        (0.0001, "whole number of milliseconds"),
        (float("nan"), "longer than"),
        (float("inf"), "longer than"),
        (10**12, "longer than 36500d"),
        ("99999999999999w", "longer than"),
        (True, "True is not a duration"),
        (None, "None is not a duration"),
        ([1], "is not a duration"),
    ],
)
def test_anything_else_is_refused_with_the_reason(wrong, said):
    with pytest.raises(ValueError, match="duration") as caught:
        parse_duration(wrong)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "0s"),
        (5400 * SECOND, "1h30m"),
        (86_400 * SECOND, "1d"),
        (14 * 86_400 * SECOND, "2w"),
        (10 * 86_400 * SECOND, "10d"),
        (1_500_000, "1s500ms"),
        (-90 * SECOND, "-1m30s"),
        (1_499, "1ms"),
        (400, "0s"),
    ],
)
def test_a_duration_is_written_largest_unit_first(microseconds, text):
    assert format_duration(microseconds) == text


@given(st.integers(0, LONGEST // 1000))
def test_what_is_written_reads_back(milliseconds):
    assert parse_duration(format_duration(milliseconds * 1000)) == milliseconds * 1000
