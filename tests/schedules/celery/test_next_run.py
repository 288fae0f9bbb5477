"""What Celery's suite asks of the next run of a crontab, each situation by name; Celery's keywords demand both days."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, crontab, parse

LONG = "0 0 29 2 *"


def moment(text, zone="UTC"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("fields", "after", "wanted"),
    [
        pytest.param({}, "2010-11-09T14:30:00", "2010-11-09T14:31", id="next minute"),
        pytest.param({"minute": "0,30,59"}, "2010-11-09T14:30:00", "2010-11-09T14:59", id="not the next minute"),
        pytest.param({"minute": "20-29"}, "2010-11-09T14:30:00", "2010-11-09T15:20", id="no more in this hour"),
        pytest.param({"hour": "14-15"}, "2010-11-09T14:30:00", "2010-11-09T14:31", id="this hour"),
        pytest.param({"minute": 5, "hour": "5"}, "2010-11-09T14:30:00", "2010-11-10T05:05", id="other hour"),
        pytest.param({"minute": 0, "hour": "15-17"}, "2010-11-09T14:30:00", "2010-11-09T15:00", id="later today"),
        pytest.param({"minute": 0, "hour": "14"}, "2010-11-09T14:30:00", "2010-11-10T14:00", id="no more today"),
        pytest.param({"day_of_week": "tue"}, "2010-11-09T14:30:00", "2010-11-09T14:31", id="weekday matches"),
        pytest.param({"day_of_week": "sat"}, "2010-11-09T14:30:00", "2010-11-13T00:00", id="other weekday"),
        pytest.param({"month_of_year": 11}, "2010-11-09T14:30:00", "2010-11-09T14:31", id="month matches"),
        pytest.param({"month_of_year": "2-10"}, "2010-11-09T14:30:00", "2011-02-01T00:00", id="other month"),
        pytest.param({"day_of_month": 9}, "2010-11-09T14:30:00", "2010-11-09T14:31", id="day of month matches"),
        pytest.param({"day_of_month": "1-5"}, "2010-11-09T14:30:00", "2010-12-01T00:00", id="other day of month"),
        pytest.param({}, "2010-11-09T14:30:59.999999", "2010-11-09T14:31", id="seconds and microseconds are zeroed"),
        pytest.param({"minute": 0, "hour": 0, "day_of_month": 31}, "2010-01-31T12:00:00", "2010-03-31T00:00", id="31"),
        pytest.param({"minute": 0, "hour": 0, "day_of_month": 30}, "2010-01-31T12:00:00", "2010-03-30T00:00", id="30"),
        pytest.param({"minute": 0, "hour": 0}, "2010-02-28T12:00:00", "2010-03-01T00:00", id="last day of February"),
        pytest.param({"minute": 0, "hour": 0}, "2010-04-30T12:00:00", "2010-05-01T00:00", id="last day of April"),
        pytest.param({"minute": 0, "hour": 0}, "2010-12-31T23:59:00", "2011-01-01T00:00", id="year rollover"),
        pytest.param(
            {"minute": 0, "hour": 0, "day_of_week": "tue,sat", "day_of_month": "1-7"},
            *("2010-11-07T12:00:00", "2010-12-04T00:00"),
            id="day of month and day of week intersect",
        ),
        pytest.param(
            {"minute": 0, "hour": 0, "day_of_month": 29, "month_of_year": 2},
            *("2011-03-01T00:00:00", "2012-02-29T00:00"),
            id="29 February from outside a leap year",
        ),
        pytest.param(
            {"minute": 0, "hour": 0, "day_of_month": 29, "month_of_year": 2},
            *("2012-01-01T00:00:00", "2012-02-29T00:00"),
            id="29 February in a leap year",
        ),
        pytest.param(
            {"minute": 0, "hour": 0, "day_of_month": 29, "month_of_year": 2},
            *("2012-02-29T14:30:00", "2016-02-29T00:00"),
            id="leap year to leap year",
        ),
    ],
)
def test_the_next_run_is(fields, after, wanted):
    assert crontab(**fields).next_after(moment(after)) == moment(wanted)


# 2010-11-09 was a Tuesday.
DAYS = [
    ("match", "match", "match", "2010-11-09T14:31"),
    ("match", "match", "miss", "2011-08-09T00:00"),
    ("match", "miss", "match", "2010-11-16T00:00"),
    ("match", "miss", "miss", "2011-08-16T00:00"),
    ("miss", "match", "match", "2013-11-09T00:00"),
    ("miss", "match", "miss", "2014-08-09T00:00"),
    ("miss", "miss", "match", "2013-11-16T00:00"),
    ("miss", "miss", "miss", "2014-08-16T00:00"),
]


@pytest.mark.parametrize(("weekday", "date", "month", "wanted"), DAYS)
def test_each_combination_of_weekday_date_and_month(weekday, date, month, wanted):
    schedule = crontab(
        day_of_week="tue" if weekday == "match" else "sat",
        day_of_month=9 if date == "match" else 16,
        month_of_year=11 if month == "match" else 8,
    )
    assert schedule.next_after(moment("2010-11-09T14:30")) == moment(wanted)


def test_an_impossible_date_is_refused_when_it_is_read():
    started = time.process_time()
    for text in ("0 0 31 2 *", "0 0 30 feb *", "0 0 31 4,6,9,11 *", "0 0 31 2 &mon"):
        with pytest.raises(InvalidScheduleError, match="can never fire"):
            parse(text)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("hour", [0, 7, 8, 15, 16, 23])
def test_a_range_of_days_in_a_zone_behind_utc_lasts_to_local_midnight(hour):
    # Los Angeles is eight hours behind in December; its 31st ends at 08:00 UTC of the next month.
    schedule = parse("0 * 27-31 * *", Terms(timezone="America/Los_Angeles"))
    after = datetime(2019, 12, 31, hour, tzinfo=UTC)
    assert schedule.next_after(after) - after == timedelta(seconds=3600)
    last = datetime(2020, 1, 1, 7, tzinfo=UTC)
    assert schedule.last_before(datetime(2020, 1, 5, tzinfo=UTC)) == last
    assert schedule.next_after(last) == datetime(2020, 1, 27, 8, tzinfo=UTC)
