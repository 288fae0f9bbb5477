from datetime import UTC, datetime

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse
from beatd.schedules.moments import FIRST, LAST, iso, to_us

NOON = to_us(datetime(2026, 11, 21, 12, 0, 1, tzinfo=UTC))


def test_an_interval_is_aligned_to_the_epoch_plus_its_offset():
    assert iso(parse("every 10m").next_us(NOON)) == "2026-11-21T12:10:00Z"
    assert iso(parse("every 10m offset 3m").next_us(NOON)) == "2026-11-21T12:03:00Z"
    assert iso(parse("every 10m offset -3m").next_us(NOON)) == "2026-11-21T12:07:00Z"
    assert iso(parse("every 1w").next_us(NOON)) == "2026-11-26T00:00:00Z"  # a Thursday, as the epoch was


def test_the_start_of_the_entry_re_anchors_it():
    start = to_us(datetime(2026, 11, 1, 0, 0, 7, tzinfo=UTC))
    assert iso(parse("every 10m", Terms(starts_at=start)).next_us(start - 1)) == "2026-11-01T00:00:07Z"
    assert iso(parse("every 10m", Terms(starts_at=start)).next_us(start)) == "2026-11-01T00:10:07Z"
    assert iso(parse("every 10m offset 1m", Terms(starts_at=start)).next_us(start)) == "2026-11-01T00:01:07Z"


def test_an_interval_knows_no_daylight_saving():
    schedule = parse("every 1d", Terms(timezone="Europe/Paris"))
    start = to_us(datetime(2026, 3, 28, tzinfo=UTC))
    assert schedule.next_us(start) - start == 86_400_000_000


def test_ten_years_are_counted_by_arithmetic():
    schedule = parse("every 10ms")
    assert schedule.count_us(NOON, NOON + 315_360_000_000_000) == 31_536_000_000
    assert schedule.count_us(NOON, NOON + 315_360_000_000_000, limit=1000) == 1000
    assert schedule.count_us(NOON, NOON - 5) == 0


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("every 90m", "every 1h30m"),
        ("EVERY 30S", None),
        ("Every 30s", "every 30s"),
        ("every 30", "every 30s"),
        ("every 10m offset 13m", "every 10m offset 3m"),
        ("every 10m offset -3m", "every 10m offset 7m"),
        ("every 10m offset 0", "every 10m"),
        ("every 604800s", "every 1w"),
        ("every 10ms", "every 10ms"),
    ],
)
def test_an_interval_has_one_text(text, canonical):
    if canonical is None:
        with pytest.raises(InvalidScheduleError):
            parse(text)
    else:
        assert str(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("every 9ms", "at least 10ms"),
        ("every 0s", "at least 10ms"),
        ("every 99999w", "longer than 36500d"),
        ("every", "'every' takes one duration"),
        ("every 5m offset", "'offset' comes last"),
        ("every 5m offset 1m 2m", "'offset' comes last"),
        ("every 5m offset x", "'x' is not a duration"),
        ("every 5m offset --1m", "is not a duration"),
    ],
)
def test_a_wrong_interval_is_refused(text, said):
    with pytest.raises(InvalidScheduleError) as caught:
        parse(text)
    assert said in str(caught.value)


def test_the_ends_of_the_calendar_are_ends():
    schedule = parse("every 1h")
    assert schedule.next_us(LAST) is None
    assert schedule.last_us(FIRST) is None
    assert schedule.next_us(FIRST * 9) >= FIRST
    assert schedule.last_us(LAST * 9) <= LAST


def test_entries_with_equal_intervals_share_one_object():
    assert parse("every 1m", Terms(name="a", timezone="UTC")) is parse("every 60s", Terms(name="b", timezone="UTC"))
