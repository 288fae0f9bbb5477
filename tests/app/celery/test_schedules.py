from datetime import timedelta

import pytest
from celery.schedules import BaseSchedule, crontab, schedule, solar

from beatd.app.celery.schedules import schedule_text
from beatd.core.field_values import FieldError
from beatd.schedules import Terms, parse


class Mine(schedule):
    """What a project makes of its own."""


def now():
    raise AssertionError("it is not to be called")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (30, "every 30s"),
        (0.5, "every 500ms"),
        (timedelta(hours=1, minutes=30), "every 1h30m"),
        (schedule(90), "every 1m30s"),
        (schedule(timedelta(days=2)), "every 2d"),
        (crontab(), "* * * * &*"),
        (crontab(minute="*/15", hour="8-17", day_of_week="mon-fri"), "*/15 8-17 * * &mon-fri"),
        (crontab(minute=0, hour=7, day_of_month="1-7", day_of_week="mon"), "0 7 1-7 * &mon"),
        (crontab(minute=[0, 30], hour={6, 18}), "0,30 6,18 * * &*"),
        (crontab(minute="50-10", hour="22-2/2"), "50-10 22-2/2 * * &*"),
        (crontab(minute="*/70"), "0 * * * &*"),
        (crontab(minute=0, hour=0, day_of_week="sunday"), "0 0 * * &sun"),
        (crontab(minute=0, hour=0, day_of_week="sundae,mon"), "0 0 * * &0,1"),
        (crontab(minute="mon", hour="feb"), "1 2 * * &*"),
        (crontab(0, 0, month_of_year="*/3"), "0 0 * */3 &*"),
        (crontab.from_string("5 4 * * 0"), "5 4 * * &0"),
        (solar("sunset", 52.52, 13.405), "sunset 52.52 13.405"),
        (solar("dawn_civil", -33.9, 151.2), "dawn_civil -33.9 151.2"),
    ],
)
def test_what_celery_says_is_said_in_beatds_words(value, text):
    told = schedule_text(value)
    assert str(parse(told.text)) == str(parse(text))
    assert told.notes == ()
    assert told.is_crontab is isinstance(value, crontab)


@pytest.mark.parametrize(
    ("length", "text", "notes"),
    [
        (timedelta(days=1), "0 0 * * *", 0),
        (timedelta(hours=1), "0 * * * *", 0),
        (timedelta(minutes=1), "every 1m", 0),
        (timedelta(minutes=90), "0 * * * *", 1),
        (timedelta(hours=6), "every 6h", 1),
        (timedelta(days=3), "rrule DTSTART=19700101T000000;FREQ=DAILY;INTERVAL=3", 1),
        (timedelta(seconds=20), "every 20s", 0),
    ],
)
def test_relative_runs_are_rounded_down_as_celery_rounds_them(length, text, notes):
    beside, within = schedule_text(length, relative=True), schedule_text(schedule(length, relative=True))
    assert beside == within
    assert (beside.text, len(beside.notes)) == (text, notes)
    assert parse(beside.text, Terms(timezone="Europe/Berlin")).next_us(0) is not None


def test_relative_means_nothing_for_a_crontab():
    assert schedule_text(crontab(0, 8), relative=True) == schedule_text(crontab(0, 8))


def test_an_interval_finer_than_a_millisecond_is_rounded_and_said():
    told = schedule_text(1 / 3)
    assert told.text == "every 333ms"
    assert told.notes == ("its interval of 0.333333 s is rounded to 333ms",)


@pytest.mark.parametrize(
    "value", [crontab(0, 8, nowfun=now), schedule(5, nowfun=now), solar("sunset", 1, 2, nowfun=now)]
)
def test_nowfun_is_said_not_to_be_called(value):
    (note,) = schedule_text(value).notes
    assert "nowfun is not called" in note


def test_countdown_shifts_the_sun_means_nothing_to_an_interval_and_is_refused_for_a_crontab():
    assert schedule_text(solar("sunset", 52, 13), countdown=600).text == "sunset 52 13 offset 10m"
    told = schedule_text(60, countdown=5)
    assert (told.text, len(told.notes)) == ("every 1m", 1)
    with pytest.raises(
        FieldError, match=r"options.countdown: a crontab cannot be put off by 5 s; write the later time"
    ):
        schedule_text(crontab(), countdown=5)
    assert schedule_text(crontab(), countdown=0).notes == ()


@pytest.mark.parametrize("countdown", [-1, "5", True, float("inf"), float("nan")])
def test_a_bad_countdown_is_refused(countdown):
    with pytest.raises(FieldError, match=r"options\.countdown"):
        schedule_text(60, countdown=countdown)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "must be seconds, a timedelta or a schedule of Celery's, got None"),
        ("*/5 * * * *", "must be seconds, a timedelta or a schedule"),
        (True, "must be seconds, a timedelta or a schedule"),
        (0, "an interval must be above 0"),
        (-5, "an interval must be above 0"),
        (timedelta(days=-1), "an interval must be above 0"),
        (float("nan"), "must be a number of seconds"),
        (float("inf"), "must be a number of seconds"),
        (1e300, "must be a number of seconds"),
        (schedule(None), "must be a number of seconds or a timedelta, got None"),
        (crontab(minute=[]), "is a crontab whose minute names nothing"),
        (Mine(5), r"is a \S*test_schedules.Mine, whose is_due only Celery's own beat can ask; say it"),
        (BaseSchedule(), "is a celery.schedules.BaseSchedule"),
        (object(), "is a builtins.object"),
        (solar("sunset", 90, 0), "may never fire"),
    ],
)
def test_what_cannot_be_carried_over_is_refused(value, reason):
    with pytest.raises(FieldError, match=f"^schedule: {reason}" if value.__class__ is not solar else reason):
        schedule_text(value)
