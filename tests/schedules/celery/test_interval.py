"""What Celery's suite asks of intervals, each situation by name.

Of no meaning here: ``relative`` rounding to the day, hour or minute, since an interval is always aligned, to the epoch
or to its start, and a local day is a crontab's matter; a naive last run, since moments are aware or refused.
"""

import pickle
from datetime import UTC, datetime, timedelta

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, every, parse

NOON = datetime(2026, 5, 10, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("last_run", "wanted"),
    [
        pytest.param(NOON, NOON + 30 * SECOND, id="due at exactly the interval after the last run"),
        pytest.param(NOON - timedelta(microseconds=1), NOON, id="a microsecond before it"),
        pytest.param(NOON + 29 * SECOND, NOON + 30 * SECOND, id="not due: the seconds that are left"),
        pytest.param(NOON - timedelta(days=3650), NOON - timedelta(days=3650) + 30 * SECOND, id="ten years late"),
        pytest.param(NOON + timedelta(days=2), NOON + timedelta(days=2, seconds=30), id="a last run in the future"),
    ],
)
def test_the_next_run_is(last_run, wanted):
    assert every(seconds=30).next_after(last_run) == wanted


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda: every(seconds=0), "at least 10ms", id="zero"),
        pytest.param(lambda: every(seconds=-30), "must not be negative", id="negative"),
        pytest.param(lambda: every(milliseconds=9), "at least 10ms", id="shorter than the shortest"),
        pytest.param(lambda: parse("every 0"), "at least 10ms", id="zero as text"),
        pytest.param(lambda: parse("every -30s"), "is not a duration", id="negative as text"),
    ],
)
def test_it_is_refused(make, said):
    with pytest.raises(InvalidScheduleError, match=said):
        make()


def test_an_interval_below_a_second_fires_so_often():
    found = list(every(milliseconds=250).between(NOON, NOON + SECOND))
    assert [(fire - NOON) / timedelta(milliseconds=250) for fire in found] == [1, 2, 3, 4]


def test_a_number_a_text_and_a_sum_of_units_are_the_same():
    same = [
        every(seconds=90),
        every(minutes=1.5),
        every(minutes=1, seconds=30),
        parse("every 90"),
        parse("every 1m30s"),
    ]
    assert len(set(same)) == 1


@pytest.mark.parametrize(
    ("text", "last_run", "wanted"),
    [
        pytest.param("every 1m", "2026-05-10T12:00:42", "2026-05-10T12:01:00", id="whole minutes (relative minute)"),
        pytest.param("every 1h", "2026-05-10T12:34:42", "2026-05-10T13:00:00", id="whole hours (relative hour)"),
        pytest.param("every 1d", "2026-05-10T12:34:42", "2026-05-11T00:00:00", id="whole days, of UTC (relative day)"),
        pytest.param("every 1d offset 2h", "2026-05-10T12:34:42", "2026-05-11T02:00:00", id="days with an offset"),
    ],
)
def test_it_is_aligned_without_being_asked(text, last_run, wanted):
    assert parse(text).next_after(datetime.fromisoformat(last_run + "Z")) == datetime.fromisoformat(wanted + "Z")


def test_equal_intervals_are_equal_and_others_are_not():
    assert every(seconds=60) == every(minutes=1)
    assert hash(every(seconds=60)) == hash(every(minutes=1))
    assert every(seconds=60) != every(seconds=61)
    assert every(seconds=60) != every(seconds=60, offset=1)
    assert every(seconds=60) != 60


def test_an_interval_is_pickled_with_its_anchor():
    given = parse("every 7m", Terms(starts_at=123_456_789))
    assert pickle.loads(pickle.dumps(given)) == given


def test_a_naive_moment_is_refused_rather_than_guessed():  # Celery takes it as UTC
    with pytest.raises(ValueError, match="needs a time zone"):
        every(seconds=30).next_after(datetime(2026, 5, 10, 12))  # noqa: DTZ001  that is what is refused


def test_a_changed_period_takes_effect_from_the_last_run_on():
    last_run = NOON + 5 * SECOND
    assert every(minutes=10).next_after(last_run) == NOON + timedelta(minutes=10)
    assert every(seconds=20).next_after(last_run) == NOON + 20 * SECOND
