from datetime import timedelta

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import crontab, every, parse, solar


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (every(minutes=10), "every 10m"),
        (every(hours=1, minutes=30), "every 1h30m"),
        (every(seconds=0.5), "every 500ms"),
        (every(milliseconds=10), "every 10ms"),
        (every(weeks=1), "every 1w"),
        (every(days=1, offset="2h"), "every 1d offset 2h"),
        (every(minutes=10, offset=-180), "every 10m offset 7m"),
        (every(minutes=10, offset=timedelta(minutes=3)), "every 10m offset 3m"),
        (crontab("0 8 * * mon-fri"), "0 8 * * mon-fri"),
        (crontab("cron 0 8 * * mon-fri"), "0 8 * * mon-fri"),
        (crontab("0 8 1-7 * mon"), "0 8 1-7 * mon"),
        (crontab("0,30 8 * * mon,tue"), "0,30 8 * * mon,tue"),
        (crontab("0, 30 8 * * mon"), "0,30 8 * * mon"),
        (crontab("0 0 8 L * ? 2026"), "0 0 8 L * * 2026"),
        (crontab("0, 30"), "0,30 * * * *"),
        (crontab("H", "H(0-5)", day_of_month="L", day_of_week="fri"), "H H(0-5) L * &fri"),
        (crontab(0, 8, day_of_month="?", day_of_week=["mon#1", "friL"]), "0 8 * * mon#1,friL"),
        (crontab(), "* * * * *"),
        (crontab(minute=0, hour=8, day_of_week="mon-fri"), "0 8 * * mon-fri"),
        (crontab(0, 8), "0 8 * * *"),
        (crontab("0", "8"), "0 8 * * *"),
        (crontab(minute="*/15"), "*/15 * * * *"),
        (crontab(minute=0, hour="*/3,8-17"), "0 */3,8,10,11,13,14,16,17 * * *"),
        (crontab(minute=[0, 30], hour=range(9, 18)), "0,30 9-17 * * *"),
        (crontab(minute={30, 0}, hour=0), "0,30 0 * * *"),
        (crontab(minute=0, hour=0, day_of_week="Sunday, tue"), "0 0 * * sun,tue"),
        (crontab(minute=0, hour=0, day_of_month="1", month_of_year="*/3"), "0 0 1 */3 *"),
        (crontab(minute=0, hour=8, day_of_month="1-7", day_of_week="mon"), "0 8 1-7 * &mon"),
        (crontab(minute=0, hour=8, day_of_month="*/2", day_of_week="mon"), "0 8 */2 * mon"),
        (solar("sunset", 52.52, 13.40), "sunset 52.52 13.4"),
        (solar("noon", 52, 13, offset=timedelta(minutes=-5)), "solar_noon 52 13 offset -5m"),
        (solar("sunset", 52, 13, offset="-30m"), "sunset 52 13 offset -30m"),
    ],
)
def test_a_value_is_the_schedule_of_its_text(value, text):
    assert str(value) == text
    assert parse(text) == value


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (every, "at least 10ms"),
        (lambda: every(seconds=-5), "not be negative"),
        (lambda: every(milliseconds=0.5), "whole number of milliseconds"),
        (lambda: every(days=10**6), "longer than"),
        (lambda: every(minutes=10, offset="soon"), "'soon' is not a duration"),
        (lambda: crontab(minute=60), "minute '60' is out of range 0-59"),
        (lambda: crontab(hour="24"), "hour '24' is out of range 0-23"),
        (lambda: crontab(minute=[]), "minute '' has an empty part"),
        (lambda: crontab(minute=None), "a number, a text, or several"),
        (lambda: crontab(minute=True), "a number, a text, or several"),
        (lambda: crontab(minute=1.5), "a number, a text, or several"),
        (lambda: crontab(month_of_year=2, day_of_month=30), "it can never fire"),
        (lambda: crontab("0 8 * * *", hour=5), "as one text or as fields"),
        (lambda: crontab("0 8 * *"), "found 4"),
        (lambda: solar("sunset", 91, 0), "latitude 91 is out of range"),
        (lambda: solar("sunset", float("nan"), 0), "out of range"),
        (lambda: solar("sunset", 0, 0, offset="2d"), "at most 1d"),
    ],
)
def test_a_wrong_value_is_refused_with_the_reason(make, said):
    with pytest.raises(InvalidScheduleError) as caught:
        make()
    assert said in str(caught.value)


def test_a_negative_interval_is_told_in_seconds() -> None:
    with pytest.raises(InvalidScheduleError, match="bad schedule 'every -60s': the interval must not be negative"):
        every(minutes=-1)


@pytest.mark.parametrize("parts", [{"seconds": float("nan")}, {"minutes": "5"}, {"weeks": 1e300}])
def test_an_interval_of_no_numbers_is_refused(parts):
    with pytest.raises(InvalidScheduleError, match="its parts are numbers"):
        every(**parts)


@pytest.mark.parametrize("place", [("abc", 13.4), (None, 13.4), (52.5, "13,4")])
def test_a_place_of_no_numbers_is_refused(place):
    with pytest.raises(InvalidScheduleError, match="not a number of degrees"):
        solar("sunset", *place)
