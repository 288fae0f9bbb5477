from datetime import datetime

import pytest

from beatd.core.calendars import Calendars
from beatd.core.compiling import schedule_of
from beatd.core.entry import Entry
from beatd.core.fields import decode_entry
from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms
from beatd.schedules.composition.calendars import read_calendar
from beatd.schedules.english import Subject
from beatd.schedules.moments import to_us
from beatd.schedules.why_not import read_asked, why_not

OFFICE = read_calendar("office", {"closed": ["sat", "sun"], "dates": ["2026-12-24..2026-12-25"]})


def verdicts(text, moment, timezone="Europe/Paris", **fields):
    """Return the verdicts on one reading of the clock, as an entry with these fields gives them."""
    raw = {"schedule": text, "task": "a.b", **fields}
    entry: Entry = decode_entry("x", raw, {}, timezone=timezone, queue="q", calendars=Calendars({"office": OFFICE}))
    subject = Subject(
        text=entry.schedule,
        terms=Terms(timezone=timezone, name="x", starts_at=entry.starts_at, gap=entry.gap, fold=entry.fold),
        exclude=entry.exclude,
        calendars={"office": OFFICE},
        business_days=entry.business_days,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
    )
    return [why_not(subject, schedule_of(entry), asked) for asked in read_asked(moment, timezone)]


def reasons(*words, **fields):
    (verdict,) = verdicts(*words, **fields)
    assert not verdict.fires
    return [(reason.part, reason.reason) for reason in verdict.reasons]


def us(text):
    return to_us(datetime.fromisoformat(text))


def test_a_fire_is_one():
    (verdict,) = verdicts("30 8 * * *", "2026-03-31T08:30")
    assert (verdict.fires, verdict.reasons) == (True, ())
    assert (verdict.before, verdict.after) == (us("2026-03-30T06:30Z"), us("2026-04-01T06:30Z"))


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("0,30 * * * *", "2026-03-31T08:31", [("minute", "minute is 31; the rule has 0, 30")]),
        ("*/20 * * * *", "2026-03-31T08:31", [("minute", "minute is 31; the rule has */20 (0, 20, 40)")]),
        ("*/2 * * * *", "2026-03-31T08:31", [("minute", "minute is 31; the rule has */2")]),
        ("0 9-17 * * *", "2026-03-31T08:00", [("hour", "hour is 8; the rule has 9-17")]),
        ("0 8 * * *", "2026-03-31T08:00:05", [("second", "second is 5; the rule has 0")]),
        ("0 8 * * *", "2026-03-31T08:00:00.5", [("second", "a crontab names whole seconds")]),
        ("0 8 * 4 *", "2026-03-31T08:00", [("month", "month is 3; the rule has 4")]),
        ("0 0 8 * * * 2027", "2026-03-31T08:00", [("year", "year is 2026; the rule has 2027")]),
        ("0 8 1 * *", "2026-03-31T08:00", [("day of month", "day of month is 31; the rule has 1")]),
        ("0 8 L-1 * *", "2026-03-31T08:00", [("day of month", "day of month is 31; the rule has L-1")]),
        ("0 8 28W * *", "2026-03-28T08:00", [("day of month", "day of month is 28; the rule has 28W")]),
        (
            "0 8 * * fri#2",
            "2026-03-06T08:00",
            [("day of week", "day of week is fri (2026-03-06); the rule has fri#2")],
        ),
        (
            "0 8 1-7 * &mon",
            "2026-03-31T08:00",
            [
                ("day of month", "day of month is 31; the rule has 1-7; both must match"),
                ("day of week", "day of week is tue (2026-03-31); the rule has mon; both must match"),
            ],
        ),
        (
            "0 8 1-7 * &mon",
            "2026-03-02T09:00",
            [("hour", "hour is 9; the rule has 8")],
        ),
        (
            "0 8 1 * mon",
            "2026-03-31T08:00",
            [
                ("day of month", "day of month is 31; the rule has 1 (or day of week mon: either is enough)"),
                (
                    "day of week",
                    "day of week is tue (2026-03-31); the rule has mon (or day of month 1: either is enough)",
                ),
            ],
        ),
        (
            "every 30m offset 5m",
            "2026-03-31T08:31Z",
            [("interval", "it fires at 2026-03-31T08:05:00Z before and 2026-03-31T08:35:00Z after")],
        ),
        ("at 2026-03-31T09:00", "2026-03-31T08:31", [("at", "it fires at 2026-03-31T07:00:00Z after")]),
        ("at 2026-03-31T08:00", "2026-03-31T08:31", [("at", "it fires at 2026-03-31T06:00:00Z before")]),
    ],
)
def test_the_part_that_excludes_a_moment_is_named(text, moment, expected):
    assert reasons(text, moment) == expected


@pytest.mark.parametrize("text", ["0 8 31 * mon", "0 8 1 * tue", "0 8 L * *", "0 8 31 * &tue", "0 8 LW * *"])
def test_days_that_match_are_no_reason(text):
    assert [verdict.fires for verdict in verdicts(text, "2026-03-31T08:00")] == [True]


def test_the_sun_names_its_nearest_events():
    ((part, reason),) = reasons("sunset 48.85 2.35", "2026-03-31T12:00")
    assert part == "solar"
    assert reason.startswith("it fires at 2026-03-30T18:")
    assert " before and 2026-03-31T18:" in reason


def test_an_rrule_names_its_nearest_moments():
    assert reasons("rrule DTSTART=20260101T170000;FREQ=DAILY", "2026-03-31T12:00", "UTC") == [
        ("rrule", "it fires at 2026-03-30T17:00:00Z before and 2026-03-31T17:00:00Z after")
    ]


def test_each_rule_of_a_union_gives_its_own_reason():
    (verdict,) = verdicts("0 8 * * * | every 1h", "2026-03-31T08:30")
    assert [(reason.part, reason.rule) for reason in verdict.reasons] == [
        ("minute", "0 8 * * *"),
        ("interval", "every 1h"),
    ]


def test_the_bounds_are_named():
    bounds = {"starts_at": "2026-03-01T00:00Z", "ends_at": "2026-04-01T00:00Z"}
    assert reasons("0 8 * * *", "2026-02-28T08:00", **bounds) == [
        ("starts_at", "it is before starts_at, 2026-03-01T00:00:00Z")
    ]
    assert reasons("0 8 * * *", "2026-04-01T08:00", **bounds) == [
        ("ends_at", "it is not before ends_at, 2026-04-01T00:00:00Z")
    ]


def test_the_other_pass_of_a_fold_is_told():
    first, second = verdicts("30 2 * * *", "2026-10-25T02:30")
    assert (first.fires, second.fires) == (True, False)
    assert [reason.reason for reason in second.reasons] == [
        (
            "02:30:00 occurs twice on 2026-10-25 in Europe/Paris: this is the second pass, and the rule takes the "
            "first (2026-10-25T00:30:00Z)"
        )
    ]
    first, second = verdicts("30 2 * * *", "2026-10-25T02:30", fold="second")
    assert (first.fires, second.fires) == (False, True)
    assert "this is the first pass, and the rule takes the second" in first.reasons[0].reason
    assert [verdict.fires for verdict in verdicts("30 * * * *", "2026-10-25T02:30")] == [True, True]


def test_a_reading_in_a_gap_is_told_with_what_fires_instead():
    assert reasons("30 2 * * *", "2026-03-29T02:30") == [
        (
            "gap",
            (
                "2026-03-29 02:30 does not exist in Europe/Paris: at 2026-03-29T01:00:00Z the clocks go from "
                "2026-03-29 02:00 to 03:00"
            ),
        ),
        ("gap", "the schedule names this reading, and fires at the gap's end: 2026-03-29T01:00:00Z"),
    ]
    (verdict,) = verdicts("30 2 * * *", "2026-03-29T02:30")
    assert (verdict.us, verdict.after) == (None, us("2026-03-29T01:00Z"))


@pytest.mark.parametrize("text", ["at 2026-03-29T02:30", "rrule DTSTART=20260101T023000;FREQ=DAILY"])
def test_other_kinds_move_to_the_gap_s_end_too(text):
    assert "fires at the gap's end" in reasons(text, "2026-03-29T02:30")[-1][1]


@pytest.mark.parametrize(
    ("text", "fields", "says"),
    [
        ("*/30 * * * *", {}, "follows elapsed time"),
        ("30 2 * * *", {"gap": "skip"}, "gap is 'skip'"),
    ],
)
def test_what_a_gap_drops_is_told(text, fields, says):
    assert says in reasons(text, "2026-03-29T02:30", **fields)[-1][1]


def test_a_day_that_never_was_is_told():
    (verdict,) = verdicts("0 12 30 12 *", "2011-12-30T12:00", "Pacific/Apia")
    assert "the clocks go from 2011-12-30 00:00 to 2011-12-31 00:00" in verdict.reasons[0].reason
    assert "more than three hours does not exist" in verdict.reasons[1].reason


def test_a_reading_in_a_gap_that_the_rule_does_not_name_is_no_fire_anyway():
    assert ("hour", "hour is 2; the rule has 8") in reasons("0 8 * * *", "2026-03-29T02:00")
    assert reasons("every 1h", "2026-03-29T02:00")[-1] == ("interval", "it does not name this reading of the clock")
    assert reasons("at 2026-03-29T02:31", "2026-03-29T02:30")[-1][0] == "at"


def test_a_fire_at_a_gap_s_end_says_that_it_was_moved():
    (verdict,) = verdicts("30 2 * * *", "2026-03-29T03:00")
    assert verdict.fires
    assert "moved to the gap's end" in verdict.reasons[0].reason


@pytest.mark.parametrize(
    ("exclude", "says"),
    [
        ("dates 2026-03-31", "'dates 2026-03-31' closes this day"),
        ("* 8 * * tue", "'* 8 * * tue' takes it away"),
        ("every 1h", "'every 1h' takes it away"),
    ],
)
def test_the_part_of_an_exclusion_that_takes_a_moment_away_is_named(exclude, says):
    found = reasons("0,30 8 * * *", "2026-03-31T08:00", exclude=["dates 2026-01-01", exclude])
    assert found == [("exclude", says)]


def test_a_closed_day_s_fire_is_followed_to_where_it_moves():
    fields = {"exclude": "calendar office", "business_days": "next"}
    assert reasons("0 8 24 12 *", "2026-12-24T08:00", **fields) == [
        ("exclude", "'calendar office' closes this day"),
        (
            "business_days",
            "the day is closed: the fire moves to 2026-12-28T07:00:00Z (business_days is 'next')",
        ),
    ]
    (verdict,) = verdicts("0 8 24 12 *", "2026-12-28T08:00", **fields)
    assert verdict.fires
    assert verdict.reasons[0].reason == "the fire of 2026-12-24T07:00:00Z is moved here: that day is closed"


def test_the_weekend_is_closed_where_no_day_is_named():
    assert reasons("0 8 * * *", "2026-03-28T08:00", business_days="skip") == [
        ("business_days", "Saturday and Sunday are closed, and business_days is 'skip'")
    ]
    found = reasons("0 8 * * sat", "2026-03-28T08:00", business_days="previous")
    assert "the fire moves to 2026-03-27T07:00:00Z" in found[0][1]


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01T00:00", "2026-03-31", "2026-03-31T25:00"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(InvalidScheduleError):
        read_asked(text, "Europe/Paris")


def test_a_moment_with_a_zone_is_that_instant():
    (asked,) = read_asked("2026-10-25T02:30+01:00", "Europe/Paris")
    assert asked.us == us("2026-10-25T01:30Z")
    assert asked.local == datetime.fromisoformat("2026-10-25T02:30")


PREVIOUS = {"timezone": "UTC", "business_days": "previous", "starts_at": "2026-02-28T00:00"}
NEXT = {"timezone": "UTC", "business_days": "next", "ends_at": "2026-03-01T00:00"}


def test_a_moved_fire_beyond_a_bound_is_told_by_the_bound_alone():
    moved = ("business_days", "the fire of 2026-02-28T08:00:00Z is moved here: that day is closed")
    assert reasons("0 8 28 2 *", "2026-02-27T08:00", **PREVIOUS) == [
        ("starts_at", "it is before starts_at, 2026-02-28T00:00:00Z"),
        moved,
    ]
    assert reasons("0 8 28 2 *", "2026-03-02T08:00", **NEXT) == [
        ("ends_at", "it is not before ends_at, 2026-03-01T00:00:00Z"),
        moved,
    ]


def test_a_move_beyond_a_bound_is_told_to_be_no_fire():
    assert reasons("0 8 28 2 *", "2026-02-28T08:00", **PREVIOUS) == [
        (
            "business_days",
            (
                "Saturday and Sunday are closed: the fire moves to 2026-02-27T08:00:00Z, which is before starts_at, so "
                "that nothing fires (business_days is 'previous')"
            ),
        )
    ]
    assert reasons("0 8 28 2 *", "2026-02-28T08:00", **NEXT) == [
        (
            "business_days",
            (
                "Saturday and Sunday are closed: the fire moves to 2026-03-02T08:00:00Z, which is not before ends_at, "
                "so that nothing fires (business_days is 'next')"
            ),
        )
    ]


def test_a_move_onto_what_is_excluded_is_told_to_be_no_fire():
    found = reasons("0 8 28 2 *", "2026-02-28T08:00", "UTC", business_days="next", exclude="* * 2 3 *")
    assert found == [
        (
            "business_days",
            (
                "Saturday and Sunday are closed: the fire moves to 2026-03-02T08:00:00Z, which exclude takes away, so "
                "that nothing fires (business_days is 'next')"
            ),
        )
    ]


def test_a_bound_is_named_beside_what_the_rule_leaves_out():
    found = reasons("0 8 * * *", "2026-02-27T09:00", "UTC", starts_at="2026-02-28T00:00")
    assert [part for part, _ in found] == ["starts_at", "hour"]


def test_a_reading_in_a_gap_whose_fire_a_bound_cuts_says_so():
    found = reasons("30 2 * * *", "2026-03-29T02:30", ends_at="2026-03-29T01:00Z")
    assert found[-1] == (
        "ends_at",
        "its fire, moved to 2026-03-29T01:00:00Z, is not before ends_at, 2026-03-29T01:00:00Z",
    )


@pytest.mark.parametrize(
    ("moment", "timezone"),
    [
        ("0001-01-01T00:00", "Asia/Tokyo"),
        ("9999-12-31T23:59", "America/New_York"),
        ("0001-01-01T00:00Z", "America/New_York"),
        ("9999-12-31T23:59Z", "Asia/Tokyo"),
        ("9999-12-31T23:59-05:00", "UTC"),
    ],
)
def test_a_moment_outside_the_years_is_refused(moment, timezone):
    with pytest.raises(InvalidScheduleError, match="it lies outside the years 1 to 9999"):
        verdicts("every 1h", moment, timezone)


def test_the_first_and_the_last_hour_may_be_asked_about():
    assert verdicts("every 1h", "0001-01-01T00:00", "UTC")[0].before is None
    assert verdicts("every 1h", "9999-12-31T23:30", "UTC")[0].after is None
