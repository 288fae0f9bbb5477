"""What Celery's and django-celery-beat's suites ask of their parsers of crontabs, each by name, with our answer.

Of no meaning here: equality that looks at ``nowfun`` (no schedule of ours has a clock).
"""

import pickle
from datetime import UTC, datetime, timedelta

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, crontab, parse

START = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(seconds=1)
HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)


def minutes(text):
    return [fire.minute for fire in crontab(minute=text).between(START, START + HOUR)]


def hours(text):
    return [fire.hour for fire in crontab(minute=0, hour=text).between(START, START + DAY)]


def weekdays(text):
    fires = crontab(minute=0, hour=0, day_of_week=text).between(START, START + 7 * DAY)
    return sorted(fire.isoweekday() % 7 for fire in fires)


def months(text):
    return [fire.month for fire in crontab(0, 0, day_of_month=1, month_of_year=text).between(START, START + YEAR)]


def dates(text):
    return [fire.day for fire in crontab(0, 0, day_of_month=text).between(START, START + 31 * DAY)]


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        pytest.param(minutes("*"), list(range(60)), id="star"),
        pytest.param(minutes("1,5,59"), [1, 5, 59], id="list"),
        pytest.param(minutes("20-29"), list(range(20, 30)), id="range"),
        pytest.param(hours("22-2"), [0, 1, 2, 22, 23], id="wrapped range of hours"),
        pytest.param(minutes("45-10"), [*range(11), *range(45, 60)], id="wrapped range of minutes"),
        pytest.param(weekdays("fri-mon"), [0, 1, 5, 6], id="wrapped range of weekdays"),
        pytest.param(months("nov-feb"), [1, 2, 11, 12], id="wrapped range of months"),
        pytest.param(minutes("*/15"), [0, 15, 30, 45], id="star with a step"),
        pytest.param(minutes("20-29/3"), [20, 23, 26, 29], id="range with a step"),
        pytest.param(hours("20-4/3"), [2, 20, 23], id="wrapped range with a step"),
        pytest.param(minutes("*/15,1-5,30"), [0, 1, 2, 3, 4, 5, 15, 30, 45], id="composite"),
        pytest.param(weekdays("mon-fri"), [1, 2, 3, 4, 5], id="weekday names"),
        pytest.param(weekdays("Sunday,WED"), [0, 3], id="weekday names of any case and length"),
        pytest.param(months("Jan,OCTOBER"), [1, 10], id="month names of any case and length"),
        pytest.param(dates("*/2"), list(range(1, 32, 2)), id="step on days begins with day 1"),
        pytest.param(months("*/2"), [1, 3, 5, 7, 9, 11], id="step on months begins with January"),
        pytest.param(minutes(30), [30], id="number"),
        pytest.param(minutes("30"), [30], id="text"),
        pytest.param(minutes({0, 30}), [0, 30], id="set"),
        pytest.param(minutes((30, 0)), [0, 30], id="tuple"),
        pytest.param(minutes([0, "30-31"]), [0, 30, 31], id="list of numbers and texts"),
        pytest.param(minutes("0, 30"), [0, 30], id="spaces within a keyword (django-celery-beat refuses them)"),
        pytest.param(weekdays(7), [0], id="weekday 7 is Sunday (Celery refuses it)"),
        pytest.param(weekdays("5-7"), [0, 5, 6], id="weekday 7 ends a range"),
        pytest.param(dates("28-3"), [1, 2, 3, 28, 29, 30, 31], id="range b<a wraps (django-celery-beat refuses it)"),
    ],
)
def test_a_field_names_these_values(found, wanted):
    assert found == wanted


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        pytest.param("minute", "", "empty part", id="empty text"),
        pytest.param("minute", "1,,2", "empty part", id="empty part of a list"),
        pytest.param("minute", ",1", "empty part", id="empty first part of a list"),
        pytest.param("minute", [], "empty part", id="empty list"),
        pytest.param("minute", "*/", "not a value, a range", id="empty step"),
        pytest.param("minute", -1, "minute '-1' is not a value", id="negative"),
        pytest.param("minute", {-1}, "minute '-1' is not a value", id="negative in a set"),
        pytest.param("day_of_month", 0, "'0' is out of range 1-31", id="day of month 0"),
        pytest.param("day_of_month", 32, "'32' is out of range 1-31", id="day of month 32"),
        pytest.param("month_of_year", 0, "'0' is out of range 1-12", id="month 0"),
        pytest.param("month_of_year", 13, "'13' is out of range 1-12", id="month 13"),
        pytest.param("hour", 24, "'24' is out of range 0-23", id="hour 24"),
        pytest.param("minute", 60, "'60' is out of range 0-59", id="minute 60"),
        pytest.param("minute", "0-60", "'60' in '0-60' is out of range", id="minute 60 in a range"),
        pytest.param("day_of_week", 8, "'8' is out of range 0-7", id="weekday 8"),
        pytest.param("minute", "a", "'a' is not a number 0-59", id="bad literal"),
        pytest.param("day_of_week", "mond", "'mond' is not a number 0-6 or sun-sat", id="bad weekday name"),
        pytest.param("month_of_year", "janu", "'janu' is not a number 1-12 or jan-dec", id="bad month name"),
        pytest.param("hour", "1--2", "not a value, a range", id="bad range"),
        pytest.param("minute", "*/0", "step 0 must lie between 1 and 59", id="step 0"),
        pytest.param("minute", "*/60", "step 60 must lie between 1 and 59", id="step beyond the range"),
        pytest.param("day_of_month", "*/31", "step 31 must lie between 1 and 30", id="step beyond the days"),
        pytest.param("minute", 1.5, "a number, a text, or several", id="bad type: float"),
        pytest.param("minute", None, "a number, a text, or several", id="bad type: None"),
        pytest.param("minute", True, "a number, a text, or several", id="bad type: bool"),
        pytest.param("minute", object, "a number, a text, or several", id="bad type: class"),
    ],
)
def test_a_bad_field_is_refused_with_place_value_and_reason(field, value, said):
    with pytest.raises(InvalidScheduleError) as caught:
        crontab(**{field: value})
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0 8 * *", id="four fields"),
        pytest.param("0 8 * * * * * *", id="eight fields"),
        pytest.param("0  8 *  *", id="four fields with more spaces"),
    ],
)
def test_a_crontab_of_the_wrong_number_of_fields_is_refused(text):
    with pytest.raises(InvalidScheduleError, match="a crontab has 5 fields"):
        parse(text)


def test_a_crontab_of_five_fields_is_read_from_one_text():
    assert parse("*/15 8,9  1-7 jan\tmon").rule == parse("*/15 8,9 1-7 1 1").rule


def test_equal_crontabs_are_equal_however_they_are_written():
    assert crontab(minute="1,2") == crontab(minute={2, 1}) == crontab(minute="1-2")
    assert hash(crontab(minute="1,2")) == hash(crontab(minute=[1, 2]))
    assert crontab(minute=1) != crontab(minute=2)
    assert crontab(minute=1) != "1 * * * *"


def test_crontabs_of_two_zones_are_not_equal():
    assert parse("0 8 * * *", Terms(timezone="Europe/Paris")) != parse("0 8 * * *", Terms(timezone="Europe/Berlin"))


def test_a_crontab_is_pickled_with_its_zone_and_terms():
    given = parse("0 8 * * mon", Terms(timezone="Europe/Paris", gap="skip", fold="second"))
    assert pickle.loads(pickle.dumps(given)) == given
    assert pickle.loads(pickle.dumps(given)).next_us(0) == given.next_us(0)


def test_keywords_go_through_the_canonical_text_and_back():
    given = crontab(minute="*/5", hour="3", day_of_week="mon", day_of_month="1-7", month_of_year="6")
    assert str(given) == "*/5 3 1-7 6 &mon"
    assert parse(str(given)) == given
