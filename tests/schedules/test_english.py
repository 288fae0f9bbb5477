import pytest

from beatd.schedules import Terms, parse
from beatd.schedules.composition.calendars import read_calendar
from beatd.schedules.english import Subject, rule_words, sentence
from beatd.schedules.moments import SECOND

BERLIN = Terms(timezone="Europe/Berlin")

CRONTABS = [
    ("* * * * *", "Every minute"),
    ("0 8 * * mon-fri", "At 08:00 on Monday to Friday"),
    ("0 8,20 * * *", "At 08:00 and 20:00"),
    ("15,45 6,18 * * *", "At 06:15, 06:45, 18:15 and 18:45"),
    ("*/15 9-17 * * *", "Every 15 minutes between 09:00 and 17:59"),
    ("*/7 * * * *", "At every 7th minute from 0 to 56 of every hour"),
    ("10,40 * * * sun", "At minutes 10 and 40 of every hour on Sunday"),
    ("1-10 * * * *", "At minutes 1 to 10 of every hour"),
    ("0 * * * *", "Every hour, on the hour"),
    ("1 * * * *", "Every hour, 1 minute past"),
    ("30 * * * *", "Every hour, 30 minutes past"),
    ("30 9-17 * * *", "Every hour from 09:30 to 17:30"),
    ("0 */2 * * *", "Every 2 hours from 00:00 to 22:00"),
    ("0 */5 * * *", "At 00:00, 05:00, 10:00, 15:00 and 20:00"),
    ("5 0-2,10,22,23 1 * *", "At 00:05, 01:05, 02:05, 10:05, 22:05 and 23:05 on day 1 of every month"),
    ("5 0-4,10,22,23 * * *", "At minute 5 during the hours 0, 1, 2, 3, 4, 10, 22 and 23"),
    ("*/20 */3 * * *", "Every 20 minutes of every 3rd hour, from 00:00"),
    ("*/10 * * * * *", "Every 10 seconds"),
    ("* * * * * *", "Every second"),
    ("30 0 8 * * *", "At 08:00:30"),
    ("5,35 * 9-17 * * *", "At seconds 5 and 35 of every minute between 09:00 and 17:59"),
    ("*/30 */10 * * * *", "Every 30 seconds of minutes 0, 10, 20, 30, 40 and 50"),
    ("0 0 1 * *", "At 00:00 on day 1 of every month"),
    ("0 0 1,15 * *", "At 00:00 on days 1 and 15 of every month"),
    ("0 0 29 2 *", "At 00:00 on day 29 of February"),
    ("0 12 * 6-8 *", "At 12:00 in June to August"),
    ("0 12 * 1,7 fri", "At 12:00 on Friday in January and July"),
    ("0 12 * */6 *", "At 12:00 in January and July"),
    ("0 0 */2 * *", "At 00:00 on every 2nd day from 1 to 31 of every month"),
    ("0 0 1 * mon", "At 00:00 on day 1 of every month or on Monday (either is enough)"),
    ("0 8 1-7 * &mon", "At 08:00 on days 1 to 7 of every month, if that is Monday"),
    ("0 8 */2 * mon,wed", "At 08:00 on every 2nd day from 1 to 31 of every month, if that is Monday or Wednesday"),
    ("0 8 * * sun-sat/2", "At 08:00 on Tuesday, Thursday, Saturday and Sunday"),
    ("0 8 L * *", "At 08:00 on the last day of every month"),
    ("0 8 L-2 * *", "At 08:00 on the day 2 days before the last of every month"),
    ("0 8 LW * *", "At 08:00 on the last weekday (Monday to Friday) of every month"),
    ("0 8 15W * *", "At 08:00 on the weekday (Monday to Friday) nearest to day 15 of every month"),
    ("0 8 1,L 3 *", "At 08:00 on day 1 and the last day of March"),
    ("0 8 * * fri#2", "At 08:00 on the second Friday of every month"),
    ("0 8 * 3 friL", "At 08:00 on the last Friday of March"),
    ("0 0 12 * * * 2027-2030", "At 12:00 in 2027 to 2030"),
    ("0 0 12 * 3 * 2028", "At 12:00 in March in 2028"),
]

OTHERS = [
    ("every 1m30s", "Every 90 seconds, counted from 1970-01-01 UTC"),
    ("every 1h30m offset 5m", "Every 90 minutes, counted from 1970-01-01 UTC, 5 minutes after"),
    ("every 1d", "Every day, counted from 1970-01-01 UTC"),
    ("every 250ms", "Every 250 milliseconds, counted from 1970-01-01 UTC"),
    ("every 25h30m", "Every 1 day 1 hour 30 minutes, counted from 1970-01-01 UTC"),
    ("sunset 52.52 13.40 offset -30m", "30 minutes before sunset at 52.52° N 13.40° E"),
    ("dawn_civil -33.8688 151.2093", "At civil dawn at 33.8688° S 151.2093° E"),
    ("midnight 40.7 -74", "At solar midnight at 40.70° N 74.00° W"),
    ("blue_hour_morning 52.52 13.40", "At the start of the morning blue hour at 52.52° N 13.40° E"),
    ("golden_hour_evening_end 52.52 13.40", "At the end of the evening golden hour at 52.52° N 13.40° E"),
    ("sun_elevation -4 rising 52.52 13.40", "When the rising sun is 4° below the horizon at 52.52° N 13.40° E"),
    ("sun_elevation 0 setting 52.52 13.40", "When the setting sun is at the horizon at 52.52° N 13.40° E"),
    (
        "sun_elevation 10 setting 52.52 13.40 offset 5m",
        "5 minutes after the moment when the setting sun is 10° above the horizon at 52.52° N 13.40° E",
    ),
    ("at 2026-12-24T18:00", "Once, at 2026-12-24 18:00 Europe/Berlin"),
    ("at 2026-12-24T18:00:05+01:00", "Once, at 2026-12-24 17:00:05 UTC"),
    (
        "rrule DTSTART=20260101T170000;FREQ=MONTHLY;BYDAY=-1FR",
        "Every month, on the last Friday, at 17:00, from 2026-01-01 17:00 Europe/Berlin on",
    ),
    (
        "rrule FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=9;BYMINUTE=30",
        "Every month, on Monday, Tuesday, Wednesday, Thursday and Friday, of these the last, at 09:30",
    ),
    ("rrule FREQ=WEEKLY;BYDAY=MO", "Every week, on Monday, at 00:00"),
    (
        "rrule DTSTART=20260101T083015Z;FREQ=DAILY;INTERVAL=3;COUNT=5",
        "Every 3 days, at 08:30:15, from 2026-01-01 08:30:15 UTC on, 5 times in all",
    ),
    (
        "rrule FREQ=YEARLY;BYMONTH=3,6;BYMONTHDAY=1,-2;UNTIL=20300101T000000",
        (
            "Every year, in March and June, on the second-to-last day and day 1, at 00:00, "
            "up to 2030-01-01 00:00 Europe/Berlin"
        ),
    ),
    ("rrule FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "Every year, on week of the year 20, on Monday, at 00:00"),
    ("rrule FREQ=HOURLY;BYMINUTE=0,30", "Every hour, at minute 0 and 30"),
    ("rrule FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6", "Every day, at 7 times of the day"),
    ("rrule FREQ=YEARLY;BYEASTER=-2;BYHOUR=8", "Every year, counted from Easter: day -2, at 08:00"),
    ("0 8 * * mon-fri | 0 10 * * sat,sun", "At 08:00 on Monday to Friday; and at 10:00 on Saturday and Sunday"),
]


def said(text, **fields):
    terms = fields.pop("terms", BERLIN)
    return sentence(Subject(text=str(parse(text, terms)), terms=terms, **fields))


@pytest.mark.parametrize(("text", "words"), CRONTABS + OTHERS)
def test_a_schedule_is_told_in_plain_english(text, words):
    assert said(text) == words


@pytest.mark.parametrize(("text", "_"), CRONTABS)
def test_a_field_s_values_are_those_that_the_engine_reads(text, _):
    from beatd.schedules.english.fields import read_cron

    rule = parse(text)
    fields = read_cron(str(rule))
    for field, mask in zip(fields[:6], rule.rule[:6], strict=True):
        assert field.values == {value for value in range(64) if mask.mask >> value & 1}


def test_h_is_told_as_what_it_draws_once_the_name_is_known():
    assert said("H 3 * * *") == "At the minute that H (minute H) draws from the entry's name, hour 3"
    named = said("H 3 * * *", terms=Terms(name="backup"))
    assert named.startswith("At 03:")
    assert named.endswith(", as H draws it from the name 'backup'")
    assert "day that H draws" in said("0 3 H * *")


def test_an_interval_counts_from_its_start():
    terms = Terms(starts_at=3600 * SECOND)
    assert said("every 2h", terms=terms, starts_at=3600 * SECOND) == (
        "Every 2 hours, counted from starts_at (1970-01-01T01:00:00Z); from 1970-01-01T01:00:00Z on"
    )


def test_what_is_left_out_and_the_bounds_are_told():
    office = read_calendar("office", {"closed": ["sat", "sun"]})
    assert said(
        "0 8 * * *",
        exclude="dates 2026-12-24 | dates 2026-12-27..2026-12-31 | calendar office | 0-29 12 * * *",
        calendars={"office": office},
        business_days="next",
        ends_at=86_400 * SECOND,
    ) == (
        "At 08:00; except on 2026-12-24, from 2026-12-27 to 2026-12-31, on days that the calendar office closes and "
        "what '0-29 12 * * *' names (at minutes 0 to 29 of every hour between 12:00 and 12:59); a fire on a closed day "
        "moves to the same time of the next open day; before 1970-01-02T00:00:00Z"
    )


@pytest.mark.parametrize(
    ("business_days", "says"),
    [
        ("next", "; a fire on a Saturday or Sunday moves to the same time of the next open day"),
        ("previous", "; a fire on a Saturday or Sunday moves to the same time of the open day before"),
        ("skip", "; no fire on a Saturday or Sunday"),
    ],
)
def test_closed_days_are_the_weekend_where_nothing_else_is_said(business_days, says):
    assert said("0 8 1 * *", business_days=business_days).endswith(says)


def test_a_kind_that_nobody_describes_is_quoted():
    assert rule_words("tide_high 53.5 9.9", BERLIN) == "'tide_high 53.5 9.9'"


@pytest.mark.parametrize(
    ("fold", "text", "words"),
    [
        ("both", "at 2026-10-25T02:30", "Twice, at both passes of 2026-10-25 02:30 Europe/Berlin"),
        ("both", "at 2026-10-25T03:30", "Once, at 2026-10-25 03:30 Europe/Berlin"),
        ("both", "at 2026-03-29T02:30", "Once, at 2026-03-29 02:30 Europe/Berlin"),
        ("both", "at 2026-10-25T02:30Z", "Once, at 2026-10-25 02:30 UTC"),
        ("first", "at 2026-10-25T02:30", "Once, at 2026-10-25 02:30 Europe/Berlin"),
        (None, "at 2026-10-25T02:30", "Once, at 2026-10-25 02:30 Europe/Berlin"),
    ],
)
def test_a_moment_that_fires_in_both_passes_is_not_said_to_come_once(fold, text, words):
    assert said(text, terms=Terms(timezone="Europe/Berlin", fold=fold)) == words
