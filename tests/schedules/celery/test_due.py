"""What Celery's suite asks of ``is_due``, each situation by name.

Ours has no such method: a fire is due when the one after the last run is not later than now, and the seconds to wait
are those to the first fire after now.
"""

from datetime import datetime

import pytest

from beatd.schedules import Terms, crontab, parse


def moment(text):
    return datetime.fromisoformat(text + "+00:00")


def due(schedule, last_run, now):
    last_run, now = moment(last_run), moment(now)
    return schedule.next_after(last_run) <= now, (schedule.next_after(now) - now).total_seconds()


EVERY_MINUTE, HOURLY, QUARTERLY = crontab(), crontab(minute=30), crontab(minute="*/15")
DAILY = crontab(minute=30, hour=7)
WEEKLY = crontab(minute=30, hour=7, day_of_week="thu")
MONTHLY = crontab(minute=30, hour=7, day_of_week="thu", day_of_month="8-14")
YEARLY = crontab(minute=30, hour=7, day_of_week="thu", day_of_month="8-14", month_of_year=3)
WEEKEND = crontab(minute=0, hour=0, day_of_week="sat,sun")
DAY = 86_400


@pytest.mark.parametrize(
    ("schedule", "last_run", "now", "is_due", "seconds"),
    [
        pytest.param(EVERY_MINUTE, "2010-05-10T07:29:00", "2010-05-10T07:30:00", True, 60, id="every minute: due"),
        pytest.param(EVERY_MINUTE, "2010-05-10T07:30:01", "2010-05-10T07:30:15", False, 45, id="every minute: not"),
        pytest.param(HOURLY, "2010-05-10T06:30:00", "2010-05-10T10:30:00", True, 3600, id="hourly: due"),
        pytest.param(HOURLY, "2010-05-10T06:30:00", "2010-05-10T07:29:30", False, 30, id="hourly: not"),
        pytest.param(QUARTERLY, "2010-05-10T07:30:00", "2010-05-10T07:45:00", True, 900, id="*/15: due at the edge"),
        pytest.param(QUARTERLY, "2010-05-10T07:30:00", "2010-05-10T07:44:59", False, 1, id="*/15: not before the edge"),
        pytest.param(QUARTERLY, "2010-05-10T07:30:00", "2010-05-10T07:45:01", True, 899, id="*/15: due after the edge"),
        pytest.param(DAILY, "2010-05-09T07:30:00", "2010-05-10T07:30:00", True, DAY, id="daily: due"),
        pytest.param(DAILY, "2010-05-10T07:30:00", "2010-05-10T10:30:00", False, 21 * 3600, id="daily: not"),
        pytest.param(WEEKLY, "2010-04-29T07:30:00", "2010-05-06T07:30:00", True, 7 * DAY, id="weekly: due"),
        pytest.param(WEEKLY, "2010-05-06T07:30:00", "2010-05-07T10:30:00", False, 6 * DAY - 10_800, id="weekly: not"),
        pytest.param(MONTHLY, "2010-04-08T07:30:00", "2010-05-13T07:30:00", True, 28 * DAY, id="monthly: due"),
        pytest.param(MONTHLY, "2010-05-13T07:30:00", "2010-05-20T07:30:00", False, 21 * DAY, id="monthly: not"),
        pytest.param(YEARLY, "2009-03-12T07:30:00", "2010-03-11T07:30:00", True, 364 * DAY, id="yearly: due"),
        pytest.param(YEARLY, "2010-03-11T07:30:00", "2010-03-12T07:30:00", False, 363 * DAY, id="yearly: not"),
        pytest.param(DAILY, "2003-05-09T07:30:00", "2010-05-10T07:30:00", True, DAY, id="a long gap: due once"),
        pytest.param(YEARLY, "1999-03-11T07:30:00", "2010-03-01T07:30:00", True, 10 * DAY, id="a gap of years"),
        pytest.param(WEEKEND, "2010-05-08T00:00:00", "2010-05-09T00:00:00", True, 6 * DAY, id="Saturday to Sunday"),
        pytest.param(WEEKEND, "2010-05-07T23:59:59", "2010-05-08T00:00:00", True, DAY, id="Friday to Saturday"),
        pytest.param(WEEKEND, "2010-05-09T00:00:00", "2010-05-10T00:00:00", False, 5 * DAY, id="Sunday to Monday"),
        pytest.param(DAILY, "2010-05-11T07:30:00", "2010-05-10T07:30:00", False, DAY, id="a last run in the future"),
    ],
)
def test_it_is_due_with_so_many_seconds_to_the_next(schedule, last_run, now, is_due, seconds):
    assert due(schedule, last_run, now) == (is_due, seconds)


def test_after_a_last_run_in_the_future_the_next_is_the_one_after_it():
    assert DAILY.next_after(moment("2010-05-11T07:30:00")) == moment("2010-05-12T07:30:00")


@pytest.mark.parametrize(
    ("last_run", "wanted"),
    [
        pytest.param("2010-03-11T07:29:59.999999", "2010-03-11T07:30:00", id="just before the last feasible time"),
        pytest.param("2010-03-11T07:30:00", "2011-03-10T07:30:00", id="exactly at it"),
        pytest.param("2010-03-11T07:30:00.000001", "2011-03-10T07:30:00", id="just after it"),
    ],
)
def test_a_last_run_around_the_last_feasible_time(last_run, wanted):
    assert YEARLY.next_after(moment(last_run)) == moment(wanted)
    assert YEARLY.last_before(moment(wanted)) == moment(
        "2010-03-11T07:30:00" if wanted[3] == "1" else "2009-03-12T07:30"
    )


def test_a_last_run_given_in_any_zone_is_the_same_moment():
    schedule = parse("30 7 * * *", Terms(timezone="Europe/Paris"))
    found = {schedule.next_after(datetime.fromisoformat(f"2010-05-10T{text}")) for text in (
        "04:00:00+00:00", "06:00:00+02:00", "00:00:00-04:00", "09:30:00+05:30",
    )}  # fmt: skip
    assert found == {moment("2010-05-10T05:30:00")}
