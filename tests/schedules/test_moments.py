from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beatd.schedules.moments import EPOCH, FIRST, LAST, from_seconds, from_us, iso, to_seconds, to_us

ODD = timezone(timedelta(hours=-11, minutes=-59, seconds=-59, microseconds=-999_999))
ZONES = [UTC, ODD, timezone(timedelta(hours=23, minutes=59)), *map(ZoneInfo, ("Europe/Paris", "Africa/Monrovia"))]
NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001  the case
MOMENTS = st.builds(
    lambda moment, zone, fold: moment.replace(tzinfo=zone, fold=fold),
    st.datetimes(),
    st.sampled_from(ZONES),
    st.integers(0, 1),
)


@given(MOMENTS)
@example(datetime.min.replace(tzinfo=UTC))
@example(datetime.max.replace(tzinfo=UTC))
@example(datetime.min.replace(tzinfo=timezone(timedelta(hours=23, minutes=59))))
@example(datetime.max.replace(tzinfo=ODD))
@example(datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC))
@example(datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Paris"), fold=1))
def test_a_moment_is_its_exact_number_of_microseconds(moment):
    assert to_us(moment) == (moment - EPOCH) // timedelta(microseconds=1)
    assert to_seconds(moment) == (moment - EPOCH) // timedelta(seconds=1)


@given(st.integers(FIRST, LAST + 999_999))
@example(-1)
@example(FIRST)
@example(LAST + 999_999)
def test_microseconds_are_their_exact_moment_in_utc(microseconds):
    moment = from_us(microseconds)
    assert moment == EPOCH + timedelta(microseconds=microseconds)
    assert moment.tzinfo is UTC
    assert to_us(moment) == microseconds
    assert from_seconds(microseconds // 1_000_000) == moment.replace(microsecond=0)


@pytest.mark.parametrize("wrong", [NAIVE, date(2026, 1, 1), "2026-01-01T00:00:00Z", None])
@pytest.mark.parametrize("convert", [to_us, to_seconds])
def test_what_has_no_zone_is_refused_and_named(convert, wrong):
    with pytest.raises(ValueError, match="needs a time zone") as caught:
        convert(wrong)
    assert repr(wrong) in str(caught.value)


def test_a_moment_is_written_with_a_fraction_only_where_it_has_one():
    assert iso(0) == "1970-01-01T00:00:00Z"
    assert iso(-1) == "1969-12-31T23:59:59.999999Z"
