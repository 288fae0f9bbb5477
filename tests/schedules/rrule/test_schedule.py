"""Recurrence rules on the wall clock of a zone."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse
from beatd.schedules.moments import FIRST, LAST, from_us, iso, to_us

NEW_YORK = "America/New_York"


def us(text):
    return to_us(datetime.fromisoformat(text).replace(tzinfo=UTC))


def fires(text, after=FIRST, count=100, **terms):
    schedule = parse(f"rrule {text}", Terms(**terms))
    return list(islice(schedule.between_us(after, LAST), count))


def local(text, timezone, **wanted):
    zone = ZoneInfo(timezone)
    found = fires(text, timezone=timezone, **wanted)
    return [f"{from_us(fire).astimezone(zone):%Y-%m-%d %H:%M}" for fire in found]


def days(text, count=100):
    """Return the dates of a rule that starts where the examples of RFC 5545, section 3.8.5.3, do; all at 9:00."""
    found = local(f"DTSTART=19970902T090000;{text}", NEW_YORK, count=count)
    assert all(fire.endswith(" 09:00") for fire in found)
    return [fire[:10] for fire in found]


def test_the_rule_of_the_design_fires_at_the_time_of_its_start():
    found = local("DTSTART=20260101T170000;FREQ=MONTHLY;BYDAY=-1FR", "Europe/Paris", count=4)
    assert found == ["2026-01-30 17:00", "2026-02-27 17:00", "2026-03-27 17:00", "2026-04-24 17:00"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("FREQ=DAILY;COUNT=10", [f"1997-09-{day:02}" for day in range(2, 12)]),
        ("FREQ=DAILY;INTERVAL=10;COUNT=5", ["1997-09-02", "1997-09-12", "1997-09-22", "1997-10-02", "1997-10-12"]),
        (
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;WKST=SU;BYDAY=TU,TH",
            ["1997-09-02", "1997-09-04", "1997-09-16", "1997-09-18"],
        ),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=1FR", ["1997-09-05", "1997-10-03", "1997-11-07"]),
        ("FREQ=MONTHLY;INTERVAL=2;COUNT=4;BYDAY=1SU,-1SU", ["1997-09-07", "1997-09-28", "1997-11-02", "1997-11-30"]),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=-2MO", ["1997-09-22", "1997-10-20", "1997-11-17"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=3", ["1997-09-28", "1997-10-29", "1997-11-28"]),
        ("FREQ=YEARLY;COUNT=4;BYMONTH=6,7", ["1998-06-02", "1998-07-02", "1999-06-02", "1999-07-02"]),
        (
            "FREQ=YEARLY;INTERVAL=3;COUNT=4;BYYEARDAY=1,100,200",
            ["2000-01-01", "2000-04-09", "2000-07-18", "2003-01-01"],
        ),
        ("FREQ=YEARLY;COUNT=3;BYDAY=20MO", ["1998-05-18", "1999-05-17", "2000-05-15"]),
        ("FREQ=YEARLY;COUNT=3;BYWEEKNO=20;BYDAY=MO", ["1998-05-11", "1999-05-17", "2000-05-15"]),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=FR;BYMONTHDAY=13", ["1998-02-13", "1998-03-13", "1998-11-13"]),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", ["1997-09-04", "1997-10-07", "1997-11-06"]),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", ["1997-09-29", "1997-10-30", "1997-11-27"]),
        (
            "FREQ=YEARLY;INTERVAL=4;COUNT=2;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            ["1997-11-04", "2001-11-06"],
        ),
    ],
)
def test_the_situations_of_rfc_5545_come_out_as_the_calendar_has_them(text, wanted):
    assert days(text) == wanted


def test_the_first_day_of_a_week_decides_which_weeks_are_skipped():
    monday = local("DTSTART=19970805T090000;FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", NEW_YORK)
    sunday = local("DTSTART=19970805T090000;FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", NEW_YORK)
    assert [fire[5:10] for fire in monday] == ["08-05", "08-10", "08-19", "08-24"]
    assert [fire[5:10] for fire in sunday] == ["08-05", "08-17", "08-19", "08-31"]


def test_what_a_start_does_not_have_is_left_out():
    assert [fire[:7] for fire in local("DTSTART=20260131T080000;FREQ=MONTHLY;COUNT=4", "UTC")] == [
        "2026-01",
        "2026-03",
        "2026-05",
        "2026-07",
    ]
    assert [fire[:10] for fire in local("DTSTART=20240229;FREQ=YEARLY;COUNT=3", "UTC")] == [
        "2024-02-29",
        "2028-02-29",
        "2032-02-29",
    ]


def test_a_rule_without_start_begins_in_1970_at_midnight():
    assert local("FREQ=DAILY", "Asia/Tokyo", count=1) == ["1970-01-01 00:00"]
    assert local("FREQ=MONTHLY;BYHOUR=8", "UTC", count=2) == ["1970-01-01 08:00", "1970-02-01 08:00"]
    assert local("FREQ=HOURLY;BYMINUTE=5,35", "UTC", count=3)[1:] == ["1970-01-01 00:35", "1970-01-01 01:05"]
    assert parse("rrule FREQ=DAILY").last_us(1) == 0
    assert parse("rrule FREQ=DAILY").last_us(0) is None


def test_the_entry_gives_the_start_where_dtstart_does_not():
    starts_at = us("2026-03-05T07:30:00.5")
    found = fires("FREQ=WEEKLY;INTERVAL=2", count=2, starts_at=starts_at)
    assert [iso(fire) for fire in found] == ["2026-03-19T00:00:00Z", "2026-04-02T00:00:00Z"]
    found = fires("FREQ=HOURLY;INTERVAL=5;COUNT=2", starts_at=starts_at)
    assert [iso(fire) for fire in found] == ["2026-03-05T12:00:00Z", "2026-03-05T17:00:00Z"]
    assert [iso(fire) for fire in fires("FREQ=DAILY;COUNT=1", starts_at=us("2026-03-05T00:00"))] == [
        "2026-03-05T00:00:00Z"
    ]
    assert parse("rrule FREQ=DAILY").terms_used == {"starts_at"}


def test_the_start_of_the_entry_makes_no_difference_beside_dtstart():
    text = "rrule DTSTART=20260101T080000;FREQ=DAILY;INTERVAL=3"
    assert parse(text, Terms(starts_at=us("2026-05-05T05:05"))) is parse(text)
    assert parse(text).terms_used == frozenset()


def test_a_start_in_utc_is_read_on_the_clock_of_the_entry():
    found = local("DTSTART=20260101T230000Z;FREQ=DAILY;COUNT=2", "Europe/Paris")
    assert found == ["2026-01-02 00:00", "2026-01-03 00:00"]
    assert local("DTSTART=20260701T070000Z;FREQ=MONTHLY;BYMONTH=12;COUNT=1", "Europe/Paris") == ["2026-12-01 09:00"]
    # The second pass of 02:30: the first, at which the rule fires, was before it.
    assert local("DTSTART=20261025T013000Z;FREQ=DAILY;COUNT=1", "Europe/Paris") == ["2026-10-26 02:30"]


def test_until_is_included_whether_local_in_utc_or_a_day():
    start = "DTSTART=20260101T080000;FREQ=DAILY"
    for until in ("20260103T080000", "20260103T070000Z", "20260103"):
        assert len(fires(f"{start};UNTIL={until}", timezone="Europe/Paris")) == 3
    for until in ("20260103T075959", "20260103T065959Z", "20260102"):
        schedule = parse(f"rrule {start};UNTIL={until}", Terms(timezone="Europe/Paris"))
        assert iso(schedule.last_us(LAST)) == "2026-01-02T07:00:00Z"
        assert schedule.count_us(FIRST, LAST) == 2
        assert schedule.next_us(us("2026-01-02T07:00")) is None
    assert str(parse(f"rrule {start};UNTIL=20260103")).endswith("UNTIL=20260103T235959")


@pytest.mark.parametrize(
    ("terms", "wanted"),
    [
        ({}, ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]),
        ({"gap": "skip"}, ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]),
    ],
)
def test_in_a_gap_it_fires_once_at_the_end(terms, wanted):
    text = "DTSTART=20260328T023000;FREQ=DAILY;COUNT=3"
    assert [iso(fire) for fire in fires(text, timezone="Europe/Paris", **terms)] == wanted


def test_all_that_a_gap_swallows_is_one_fire():
    found = fires("FREQ=MINUTELY;BYMINUTE=10,20,30", us("2026-03-29T00:25"), 3, timezone="Europe/Paris")
    assert [iso(fire)[11:16] for fire in found] == ["00:30", "01:00", "01:10"]
    half = local("FREQ=DAILY;BYHOUR=2;BYMINUTE=15", "Australia/Lord_Howe", after=us("2026-10-02T12:00"), count=3)
    assert half == ["2026-10-03 02:15", "2026-10-04 02:30", "2026-10-05 02:15"]


@pytest.mark.parametrize(
    ("fold", "wanted"),
    [
        (None, ["00:30", "01:30", "02:30"]),
        ("second", ["01:30", "01:30", "02:30"]),
        ("both", ["00:30", "01:30", "01:30"]),
    ],
)
def test_in_a_fold_it_is_the_first_pass_or_what_the_entry_says(fold, wanted):
    text = "DTSTART=20261025T023000;FREQ=DAILY;COUNT=3"
    found = [iso(fire) for fire in fires(text, timezone="Europe/Paris", fold=fold)]
    first = {"first": ["2026-10-25T00:30:00Z"], "second": ["2026-10-25T01:30:00Z"]}
    first["both"] = first["first"] + first["second"]
    later = ["2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z"]
    assert found == (first[fold or "first"] + later)[:3]


def test_a_day_that_a_zone_skips_is_no_fire_and_does_not_count():
    found = local("DTSTART=20111228T120000;FREQ=DAILY;COUNT=3", "Pacific/Apia")
    assert found == ["2011-12-28 12:00", "2011-12-29 12:00", "2011-12-31 12:00"]
    with pytest.raises(InvalidScheduleError, match="it can never fire"):
        fires("DTSTART=20111230;FREQ=DAILY;UNTIL=20111230", timezone="Pacific/Apia")


def test_a_rule_whose_only_moment_the_entry_skips_is_silent():
    text = "DTSTART=20260329T020000;FREQ=DAILY;UNTIL=20260329"
    assert len(fires(text, timezone="Europe/Paris")) == 1
    assert fires(text, timezone="Europe/Paris", gap="skip") == []


def test_a_start_far_ahead_or_an_end_long_past_is_found_from_anywhere():
    far = parse("rrule DTSTART=21500101;FREQ=YEARLY;UNTIL=21520101")
    assert iso(far.next_us(0)) == "2150-01-01T00:00:00Z"
    assert iso(far.last_us(LAST)) == "2152-01-01T00:00:00Z"
    assert far.count_us(FIRST, LAST) == 3


def test_a_large_count_ends_where_arithmetic_says():
    schedule = parse("rrule DTSTART=20200101;FREQ=SECONDLY;INTERVAL=7;COUNT=100000000")
    last = us("2020-01-01T00:00") + 7 * 99_999_999 * 1_000_000
    assert schedule.next_us(last - 1) == last
    assert schedule.next_us(last) is None
    assert schedule.last_us(LAST) == last
    assert schedule.count_us(FIRST, last + 10**12, limit=10) == 10


@pytest.mark.parametrize("freq", ["SECONDLY", "MINUTELY", "HOURLY"])
@pytest.mark.parametrize("interval", [1, 7, 86_401])
def test_a_year_of_fires_is_counted_by_arithmetic(freq, interval):
    unit = {"SECONDLY": 1, "MINUTELY": 60, "HOURLY": 3600}[freq]
    schedule = parse(f"rrule DTSTART=20260101;FREQ={freq};INTERVAL={interval}")
    start, length = us("2026-01-01T00:00"), 3 * 365 * 86_400
    assert schedule.count_us(start - 1, start - 1 + length * 1_000_000) == -(-length // (unit * interval))


def test_positions_of_a_week_count_whole_weeks_across_the_new_year():
    found = local("DTSTART=20251222;FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1;COUNT=3", "UTC")
    assert [fire[:10] for fire in found] == ["2025-12-26", "2026-01-02", "2026-01-09"]
    found = local("DTSTART=20261228;FREQ=WEEKLY;BYDAY=TH,FR,SA;BYSETPOS=1,2;COUNT=4", "UTC")
    assert [fire[:10] for fire in found] == ["2026-12-31", "2027-01-01", "2027-01-07", "2027-01-08"]


def test_a_week_number_alone_takes_the_weekday_of_the_start():
    # 2026-01-07 is a Wednesday. dateutil takes all days of the week, RFC 5545 what the start gives.
    found = local("DTSTART=20260107;FREQ=YEARLY;BYWEEKNO=10;COUNT=2", "UTC")
    assert [fire[:10] for fire in found] == ["2026-03-04", "2027-03-10"]


def test_good_friday_can_be_said():
    assert local("DTSTART=20260101T090000;FREQ=YEARLY;BYEASTER=-2", "UTC", count=2) == [
        "2026-04-03 09:00",
        "2027-03-26 09:00",
    ]


def test_equal_rules_under_equal_terms_are_one_object():
    one = parse("rrule FREQ=DAILY;BYHOUR=8,9", Terms(timezone="Europe/Paris"))
    assert parse("rrule byhour=9,8,8;freq=daily;interval=1", Terms(timezone="Europe/Paris")) == one
    assert hash(parse("rrule BYHOUR=9,8;FREQ=DAILY", Terms(timezone="Europe/Paris"))) == hash(one)
    assert one != parse("rrule FREQ=DAILY;BYHOUR=8,9")
    assert one != parse("0 8,9 * * *", Terms(timezone="Europe/Paris"))
    assert repr(one) == "<rrule FREQ=DAILY;BYHOUR=8,9 in Europe/Paris>"


def test_a_rule_of_29_february_waits_for_it():
    assert local("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=FR", "UTC", after=us("2026-01-01T00:00"), count=2) == [
        "2036-02-29 00:00",
        "2064-02-29 00:00",
    ]
    assert date(2036, 2, 29).weekday() == date(2064, 2, 29).weekday() == 4


def test_the_clock_of_a_rule_runs_as_long_as_the_calendar():
    schedule = parse("rrule FREQ=DAILY")
    assert schedule.next_us(LAST - 86_400_000_000) == us("9999-12-31T00:00")
    assert schedule.next_us(LAST) is None
    early = parse("rrule DTSTART=00010101;FREQ=DAILY")
    assert early.next_us(FIRST - 1) == FIRST
    assert str(early) == "rrule DTSTART=00010101T000000;FREQ=DAILY"
    assert from_us(early.next_us(FIRST)) - from_us(FIRST) == timedelta(days=1)


def test_a_monthly_position_finds_no_fire_before_its_start():
    schedule = parse("rrule DTSTART=20260115;FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1")
    assert schedule.next_us(0) == us("2026-02-02T00:00")
    assert schedule.last_us(us("2026-02-02T00:00")) is None
    assert schedule.count_us(FIRST, us("2026-01-14T12:00")) == 0
    assert schedule.count_us(FIRST, us("2026-12-31T00:00")) == 11


@pytest.mark.parametrize("position", ["", ";BYSETPOS=1"])
def test_nothing_before_the_first_fire_is_found_however_late_that_is(position):
    # 29 February comes round in every second turn of 30 years.
    schedule = parse(f"rrule DTSTART=20300101;FREQ=YEARLY;INTERVAL=30;BYMONTH=2;BYMONTHDAY=29{position}")
    assert schedule.next_us(0) == us("2060-02-29T00:00")
    assert schedule.last_us(us("2060-02-29T00:00")) is None
    assert schedule.count_us(FIRST, us("2061-01-01T00:00")) == 1


def test_the_years_that_are_kept_are_few_and_the_answers_the_same():
    text = "rrule DTSTART=19000101;FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1"
    every = parse(text + ";BYHOUR=8,9;BYMINUTE=0,15,30,45")
    once = parse(text)
    for year in range(1900, 2050, 7):
        start = us(f"{year:04}-06-01T00:00")
        assert (
            every.count_us(start, start + 700 * 86_400_000_000)
            == once.count_us(start, start + 700 * 86_400_000_000)
            == 200
        )
    assert every.next_us(FIRST) == us("1900-01-01T08:00")


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("FREQ=HOURLY;INTERVAL=7", 7 * 3600),
        ("FREQ=MINUTELY;INTERVAL=1000", 60_000),
        ("FREQ=SECONDLY;INTERVAL=7001", 7001),
    ],
)
def test_an_interval_that_does_not_divide_the_day_is_counted_from_an_epoch_start(text, step):
    near = us("2026-11-21T03:33:33")
    found = fires(f"DTSTART=19700101T000000;{text}", near, 4)
    first = near // (step * 10**6) + 1
    assert found == [(first + each) * step * 10**6 for each in range(4)]
    schedule = parse(f"rrule DTSTART=19700101T000000;{text}")
    assert schedule.last_us(near) == (first - 1) * step * 10**6
    assert schedule.count_us(-1, near) == first
