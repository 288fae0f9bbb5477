"""What is read as a recurrence rule, what it is written as, and what is refused, with the remedy."""

import time
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse


def refusal(text, **terms):
    with pytest.raises(InvalidScheduleError) as caught:
        parse(text, Terms(**terms))
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("freq=daily", "FREQ=DAILY"),
        ("RRULE:FREQ=WEEKLY;BYDAY=WE,MO", "FREQ=WEEKLY;BYDAY=MO,WE"),
        ("DTSTART:20260101T170000\nRRULE:FREQ=DAILY;INTERVAL=2", "DTSTART=20260101T170000;FREQ=DAILY;INTERVAL=2"),
        ("DTSTART:20260101T170000Z RRULE:FREQ=DAILY", "DTSTART=20260101T170000Z;FREQ=DAILY"),
        ("DTSTART;VALUE=DATE:20260101 RRULE:FREQ=DAILY", "DTSTART=20260101T000000;FREQ=DAILY"),
        ("DTSTART=20260101;FREQ=DAILY;UNTIL=20260105", "DTSTART=20260101T000000;FREQ=DAILY;UNTIL=20260105T235959"),
        ("FREQ=WEEKLY; BYDAY = MO, TU ;WKST=MO;", "FREQ=WEEKLY;BYDAY=MO,TU"),
        ("FREQ=WEEKLY BYDAY=MO wkst=su", "FREQ=WEEKLY;WKST=SU;BYDAY=MO"),
        ("FREQ=MONTHLY;BYDAY=+1FR,-1FR,1FR,MO", "FREQ=MONTHLY;BYDAY=MO,-1FR,1FR"),
        ("FREQ=DAILY;INTERVAL=1;BYHOUR=17,09,9;BYMINUTE=+5", "FREQ=DAILY;BYHOUR=9,17;BYMINUTE=5"),
        ("BYSETPOS=-1;BYMONTHDAY=-1,15;FREQ=MONTHLY", "FREQ=MONTHLY;BYMONTHDAY=-1,15;BYSETPOS=-1"),
        (
            "FREQ=YEARLY;BYSECOND=1;BYMINUTE=2;BYHOUR=3;BYEASTER=1;BYWEEKNO=15,16;BYDAY=MO;BYMONTH=4",
            "FREQ=YEARLY;BYMONTH=4;BYWEEKNO=15,16;BYDAY=MO;BYHOUR=3;BYMINUTE=2;BYSECOND=1;BYEASTER=1",
        ),
        ("FREQ=HOURLY;BYYEARDAY=-1,1", "FREQ=HOURLY;BYYEARDAY=-1,1"),
    ],
)
def test_what_people_write_has_one_canonical_form(text, canonical):
    schedule = parse(f"rrule {text}")
    assert str(schedule) == f"rrule {canonical}"
    again = parse(str(schedule))
    assert again == schedule
    assert str(again) == str(schedule)


def test_rules_stand_in_unions():
    both = parse("rrule FREQ=MONTHLY;BYMONTHDAY=1 | rrule freq=monthly;bymonthday=15 | 0 8 * * mon")
    assert str(both) == "rrule FREQ=MONTHLY;BYMONTHDAY=1 | rrule FREQ=MONTHLY;BYMONTHDAY=15 | 0 8 * * mon"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "FREQ is missing, one of YEARLY, MONTHLY,"),
        ("BYDAY=MO", "FREQ is missing"),
        ("FREQ=", "FREQ has no value"),
        ("FREQ", "FREQ has no value"),
        ("DTSTART;FREQ=DAILY", "DTSTART has no value"),
        (
            "FREQ=FORTNIGHTLY",
            "FREQ is one of YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY, not 'FORTNIGHTLY'",
        ),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ is given twice"),
        ("FREQ=DAILY;BYHOUR=1;BYHOUR=2", "BYHOUR is given twice; give its values once, joined by commas"),
        ("FREQ=DAILY;BYWEEKDAY=MO", "'BYWEEKDAY' is no part of a rule; the parts are DTSTART, FREQ"),
        ("FREQ=DAILY;RSCALE=GREGORIAN", "'RSCALE' is no part of a rule"),
        ("FREQ=DAILY;X-MINE=1", "'X-MINE' is no part of a rule"),
        ("every day", "'EVERY' is no part of a rule"),
        ("DTSTART;TZID=Europe/Paris:20260101T080000 RRULE:FREQ=DAILY", "leave TZID out and set the entry's timezone"),
        ("FREQ=DAILY EXDATE:20260101", "what is taken away stands in the entry's exclude"),
        ("FREQ=DAILY RDATE:20260101", "write ' | at 2026-12-24T18:00' after this one"),
        ("FREQ=DAILY EXRULE:FREQ=DAILY", "EXRULE is no part of a rule"),
        ("DTSTART=20260101;FREQ=DAILY;INTERVAL=0", "INTERVAL takes whole numbers from 1 to"),
        ("DTSTART=20260101;FREQ=DAILY;INTERVAL=-2", "not '-2'"),
        ("DTSTART=20260101;FREQ=DAILY;INTERVAL=1.5", "not '1.5'"),
        ("DTSTART=20260101;FREQ=YEARLY;INTERVAL=41", "INTERVAL=41 is longer than 40 years"),
        ("DTSTART=20260101;FREQ=SECONDLY;INTERVAL=99999999999", "INTERVAL takes whole numbers"),
        ("DTSTART=20260101;FREQ=DAILY;COUNT=0", "COUNT takes whole numbers from 1 to 1000000000, not '0'"),
        ("DTSTART=20260101;FREQ=DAILY;COUNT=1000000001", "not '1000000001'"),
        ("DTSTART=20260101;FREQ=DAILY;COUNT=" + "9" * 5000, "COUNT takes whole numbers"),
        ("DTSTART=18991231;FREQ=DAILY;COUNT=5", "COUNT is not counted from before 1900; give a later start, or UNTIL"),
        ("DTSTART=20260101;FREQ=DAILY;COUNT=5;UNTIL=20270101", "COUNT and UNTIL are both given"),
        ("DTSTART=20260101;FREQ=DAILY;UNTIL=20251231", "UNTIL is before its start"),
        ("DTSTART=20260101T080000Z;FREQ=DAILY;UNTIL=20260101T075959Z", "UNTIL is before its start"),
        ("DTSTART=20260101T080000;FREQ=DAILY;BYHOUR=7;UNTIL=20260101T090000", "it can never fire"),
        ("FREQ=DAILY;UNTIL=19691231", "UNTIL is before its start"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL is no moment: 'TOMORROW'; write it as in 20260101T170000, with Z for UTC"),
        ("DTSTART=2026-01-01T08:00;FREQ=DAILY", "DTSTART is no moment: '2026-01-01T08:00'"),
        ("DTSTART=20260101T0800;FREQ=DAILY", "DTSTART is no moment"),
        ("DTSTART=20260101T080000+0100;FREQ=DAILY", "DTSTART is no moment"),
        ("DTSTART=20260230;FREQ=DAILY", "DTSTART is no moment: '20260230', day is out of range for month"),
        ("DTSTART=00000101;FREQ=DAILY", "DTSTART is no moment"),
        ("DTSTART=20260101T250000;FREQ=DAILY", "hour must be in 0..23"),
        ("FREQ=WEEKLY;BYDAY=MO;WKST=1", "WKST is one of MO, TU, WE, TH, FR, SA, SU, not '1'"),
        ("FREQ=DAILY;BYDAY=MON", "BYDAY takes MO, TU, WE, TH, FR, SA, SU, with a number from 1 to 53 or -53 to -1"),
        ("FREQ=MONTHLY;BYDAY=0MO", "not '0MO'"),
        ("FREQ=YEARLY;BYDAY=54MO", "not '54MO'"),
        ("FREQ=MONTHLY;BYDAY=6MO", "BYDAY counts within a month here, so its numbers end at 5"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=-6MO", "BYDAY counts within a month here"),
        ("FREQ=DAILY;BYDAY=2MO", "BYDAY has no numbers in FREQ=DAILY; write FREQ=MONTHLY or leave the numbers out"),
        ("FREQ=WEEKLY;BYDAY=2MO", "BYDAY has no numbers in FREQ=WEEKLY"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "BYDAY has no numbers beside BYWEEKNO"),
        ("FREQ=MONTHLY;BYWEEKNO=20", "BYWEEKNO stands only in FREQ=YEARLY, not in FREQ=MONTHLY"),
        ("FREQ=DAILY;BYYEARDAY=20", "BYYEARDAY does not stand in FREQ=DAILY; write FREQ=YEARLY"),
        ("FREQ=WEEKLY;BYMONTHDAY=20", "BYMONTHDAY does not stand in FREQ=WEEKLY; write FREQ=MONTHLY or FREQ=DAILY"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS stands alone"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "BYSETPOS takes whole numbers from 1 to 366 or -1 to -366, not '0'"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367", "not '367'"),
        ("FREQ=YEARLY;BYMONTH=0", "BYMONTH takes whole numbers from 1 to 12, not '0'"),
        ("FREQ=YEARLY;BYMONTH=13", "not '13'"),
        ("FREQ=YEARLY;BYMONTH=JAN", "not 'JAN'"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY takes whole numbers from 1 to 31 or -1 to -31, not '0'"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "not '32'"),
        ("FREQ=YEARLY;BYYEARDAY=367", "BYYEARDAY takes whole numbers from 1 to 366 or -1 to -366"),
        ("FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO takes whole numbers from 1 to 53 or -1 to -53"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR takes whole numbers from 0 to 23, not '24'"),
        ("FREQ=DAILY;BYHOUR=-1", "not '-1'"),
        ("FREQ=DAILY;BYHOUR=8,,9", "not ''"),
        ("FREQ=DAILY;BYHOUR=8-17", "not '8-17'"),
        ("FREQ=DAILY;BYHOUR=*/2", "not '*/2'"),
        ("FREQ=DAILY;BYMINUTE=60", "BYMINUTE takes whole numbers from 0 to 59"),
        ("FREQ=DAILY;BYSECOND=60", "no clock here shows the leap second 60"),
        ("FREQ=YEARLY;BYEASTER=300", "BYEASTER takes whole numbers from -80 to 250"),
        ("FREQ=DAILY;BYHOUR=٨", "letters or digits that no part of a rule has"),
        ("FREQ=DA\u0131LY", "letters or digits that no part of a rule has"),
    ],
)
def test_a_bad_part_is_refused_with_its_name_its_value_and_the_remedy(text, said):
    assert said in refusal(f"rrule {text}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FREQ=DAILY;INTERVAL=2", "INTERVAL above 1 needs a start to count from; give DTSTART, or the entry starts_at"),
        ("FREQ=DAILY;COUNT=2", "COUNT needs a start to count from"),
        ("FREQ=WEEKLY", "nothing says on which day of the week; give BYDAY, as in BYDAY=MO, or a start by DTSTART"),
        ("FREQ=YEARLY;BYWEEKNO=20", "nothing says on which day of the week"),
    ],
)
def test_what_needs_a_start_and_has_none_is_refused_until_the_entry_gives_one(text, said):
    assert said in refusal(f"rrule {text}")
    assert parse(f"rrule {text}", Terms(starts_at=1_700_000_000_000_000)).next_us(
        1_800_000_000_000_000
    ) is not None or ("COUNT" in text)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=DAILY;BYMONTHDAY=-31;BYMONTH=6",
        "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=2",
        "FREQ=YEARLY;BYEASTER=200;BYMONTH=1",
        "DTSTART=20270101;FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29",
        "DTSTART=20260101;FREQ=HOURLY;INTERVAL=2;BYHOUR=1,3",
        "DTSTART=20260101;FREQ=MINUTELY;INTERVAL=120;BYHOUR=1,3",
        "DTSTART=20260101;FREQ=SECONDLY;INTERVAL=86400;BYSECOND=1",
        "DTSTART=20260101;FREQ=SECONDLY;INTERVAL=604800;BYDAY=MO",
        "FREQ=HOURLY;BYMINUTE=0,30;BYSETPOS=3",
        "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=3",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-6",
    ],
)
def test_a_rule_that_can_never_fire_is_refused_when_read(text):
    assert "it can never fire" in refusal(f"rrule {text}")


def test_an_unknown_zone_gap_or_fold_is_refused():
    assert "unknown time zone 'Mars/Olympus'" in refusal("rrule FREQ=DAILY", timezone="Mars/Olympus")
    assert "gap must be" in refusal("rrule FREQ=DAILY", gap="jump")
    assert "fold must be" in refusal("rrule FREQ=DAILY", fold="third")


ALL_TIMES = f"BYHOUR={','.join(map(str, range(24)))};BYMINUTE={','.join(map(str, range(60)))}"
ALL_TIMES += f";BYSECOND={','.join(map(str, range(60)))}"


@pytest.mark.parametrize(
    "text",
    [
        "rrule " + "FREQ=DAILY;" * 900,
        "rrule FREQ=DAILY;BYHOUR=" + ",".join(["1"] * 4900),
        "rrule FREQ=DAILY;BYHOUR=" + "1" * 9900,
        "rrule " + " ;" * 4900,
        "rrule " + "DTSTART;VALUE=DATE:" * 500,
        "rrule FREQ=YEARLY;" + ALL_TIMES,
        "rrule FREQ=DAILY;" + ALL_TIMES + ";BYSETPOS=-1",
        "rrule FREQ=WEEKLY;BYDAY=MO,TU;" + ALL_TIMES + ";BYSETPOS=-1,1",
        "rrule DTSTART=20260101;FREQ=SECONDLY;INTERVAL=86399;BYDAY=MO;BYMONTH=2;BYMONTHDAY=29;" + ALL_TIMES,
        "rrule DTSTART=20260101;FREQ=SECONDLY;INTERVAL=604801;BYMONTH=2;BYMONTHDAY=30",
        "rrule DTSTART=20260101;FREQ=SECONDLY;INTERVAL=2;BYSECOND=1,3,5,7",
        "rrule DTSTART=00010101;FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    ],
    ids=lambda text: f"{text[:60]} of {len(text)}",
)
def test_no_text_keeps_the_reader_long(text):
    assert len(text) <= 10_000
    parse("rrule FREQ=YEARLY;BYEASTER=0")  # dateutil is loaded once
    spent = time.process_time()
    try:
        parse(text)
    except InvalidScheduleError:
        pass
    assert time.process_time() - spent < 0.05


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet="FREQ=DAILYWKMONTHSTBU;:,-+0123456789 Z", max_size=60), st.sampled_from(["", "FREQ=DAILY;"]))
def test_any_text_is_read_or_refused_in_one_way(text, begun):
    try:
        schedule = parse(f"rrule {begun}{text}")
    except InvalidScheduleError:
        return
    assert parse(str(schedule)) == schedule


_NUMBERS = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSECOND": (0, 59),
    "BYSETPOS": (-5, 5),
    "INTERVAL": (1, 50),
}
_DAYS = st.lists(st.sampled_from(["MO", "TU", "1WE", "-1TH", "5FR", "SU"]), min_size=1, max_size=3)
parts = st.fixed_dictionaries(
    {"FREQ": st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"])},
    optional={
        **{key: st.integers(low, high).map(str) for key, (low, high) in _NUMBERS.items()},
        "BYDAY": _DAYS.map(",".join),
        "WKST": st.sampled_from(["SU", "WE"]),
        "DTSTART": st.sampled_from(["20260325T023000", "20200229T235959", "20261024T000000Z", "20111229T120000"]),
        "COUNT": st.integers(1, 30).map(str),
    },
)
zones = st.sampled_from(["UTC", "Europe/Paris", "Australia/Lord_Howe", "Pacific/Apia", "America/New_York"])
instants = st.integers(1_300_000_000_000_000, 1_900_000_000_000_000)


@settings(max_examples=1500, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(parts, zones, st.sampled_from([None, "both", "second"]), instants)
def test_what_holds_for_every_schedule_holds_for_recurrence_rules(given_parts, timezone, fold, after):
    text = ";".join(f"{key}={value}" for key, value in given_parts.items())
    try:
        schedule = parse(f"rrule {text}", Terms(timezone=timezone, fold=fold))
    except InvalidScheduleError:
        return
    assert parse(str(schedule), Terms(timezone=timezone, fold=fold)) == schedule
    moment, walked = after, []
    while len(walked) < 15 and (found := schedule.next_us(moment)) is not None:
        assert found > moment
        walked.append(found)
        moment = found
    assert schedule.count_us(after, moment) == len(walked)
    for earlier, later in pairwise(walked):
        assert schedule.last_us(later) == earlier
        assert schedule.next_us(later - 1) == later
    if walked:
        last = schedule.last_us(walked[0])
        assert last is None or (last <= after and schedule.next_us(last) == walked[0])
