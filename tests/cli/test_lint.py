"""What `beatd check` calls odd; the clock stands still at a Saturday in November."""

from datetime import datetime

import pytest

from beatd.cli.lint import entry_notes, rule_notes, set_notes
from beatd.core.calendars import Calendars
from beatd.core.fields import decode_entry
from beatd.schedules import parse
from beatd.schedules.composition.calendars import read_calendar
from beatd.schedules.moments import to_us

NOW = to_us(datetime.fromisoformat("2026-11-21T12:00Z"))
CALENDARS = Calendars(
    {
        "office": read_calendar("office", {"closed": ["sat", "sun"]}),
        "feasts": read_calendar("feasts", {"dates": ["2026-12-25"]}),
    }
)


def entry(schedule, name="x", timezone="Europe/Berlin", **fields):
    raw = {"schedule": schedule, "task": "a.b", **fields}
    return decode_entry(name, raw, {}, timezone=timezone, queue="q", calendars=CALENDARS)


def notes(schedule, **fields):
    return list(entry_notes(entry(schedule, **fields), NOW))


@pytest.mark.parametrize(
    "text",
    [
        "0 8 * * mon-fri",
        "*/15 * * * *",
        "*/5 * * * * *",
        "0 */6 * * *",
        "0 0 * */3 *",
        "0 0 28-31 * *",
        "0 0 28 * *",
        "0 0 L * *",
        "0 0 31 1,12 *",
        "0 8 1-7 * &mon",
        "30 2 * 7 *",
        "0 * * * *",
        "30 * * * *",
        "*/15 1-3 * * *",
        "every 6h",
        "every 1d offset 8h",
        "sunset 52.52 13.40",
        "at 2027-06-01T12:00",
        "H 8 * * *",
    ],
)
def test_what_is_well_is_not_odd(text):
    assert notes(text) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("*/7 * * * *", "minute */7 starts afresh each hour, so the last step is shorter (4, not 7); every 7m keeps"),
        ("0 */5 * * *", "hour */5 starts afresh each day, so the last step is shorter (4, not 5); every 5h keeps"),
        ("*/25 * * * * *", "second */25 starts afresh each minute, so the last step is shorter (10, not 25)"),
        ("0 8 1 */5 *", "month */5 starts afresh each year, so the last step is shorter (2, not 5)"),
        ("0 8 */2 * *", "day of month */2 starts afresh on the first of each month"),
        ("0 8 31 * *", "feb, apr, jun, sep, nov have no day 31; L is the last day of any month"),
        ("0 8 15,30 * *", "feb has no day 30"),
        ("0 8 1 * mon", "match the day of month or the day of week; write & before the latter for both"),
        ("0 8 */2 * mon", "match both the day of month and the day of week, because one of them starts with *"),
        ("every 1w", "it fires Thursdays at 00:00 UTC"),
        ("0 8 * * * | */7 * * * *", "'*/7 * * * *': minute */7"),
    ],
)
def test_what_a_text_does_not_tell_is_told(text, says):
    found = list(rule_notes(str(parse(text)), "UTC", parse(text).next_us(NOW)))
    assert len(found) == 1
    assert says in found[0]


def test_a_moment_that_the_clocks_skip_is_told_with_its_date():
    found = notes("30 2 * * *", fold="first")
    assert found == [
        (
            "on 2027-03-28 the clocks of Europe/Berlin skip 02:00 to 03:00, where it has a moment: it fires at 03:00 "
            'instead; gap = "shift" says that this is meant, "skip" leaves it out'
        )
    ]


def test_a_moment_that_comes_twice_is_told_with_its_date():
    assert notes("30 2 * * *", gap="skip") == [
        (
            "02:30 comes twice on 2027-10-31 in Europe/Berlin: it fires the first time only; "
            'fold = "first" says that this is meant, "second" or "both" says otherwise'
        )
    ]


@pytest.mark.parametrize(
    ("text", "timezone"),
    [
        ("30 2 * * *", "UTC"),
        ("30 2 * * *", "Asia/Tokyo"),
        ("30 3 * * *", "Europe/Berlin"),
        ("0 2 * * mon", "Europe/Berlin"),
    ],
)
def test_a_moment_that_no_change_touches_is_not_odd(text, timezone):
    assert notes(text, timezone=timezone) == []


def test_half_an_hour_of_lord_howe_is_seen():
    found = notes("15 2 * * *", timezone="Australia/Lord_Howe")
    assert "skip 02:00 to 02:30" in found[0] + found[-1]


def test_who_says_what_a_gap_and_a_fold_mean_is_not_asked_again():
    assert notes("30 2 * * *", gap="shift", fold="first") == []


def test_what_fires_at_a_gap_s_end_anyway_is_not_odd():
    assert notes("30 2 * * * | 0 3 * * *", fold="first") == []


def test_what_is_over_is_told():
    assert notes("at 2020-01-01T12:00Z") == ["never fires again: its last moment was 2020-01-01T12:00:00Z"]


def test_what_is_switched_off_is_not_said_to_be_over():
    assert notes("at 2020-01-01T12:00Z", enabled=False) == []


def test_business_days_without_a_closed_weekday_are_odd():
    assert notes("0 8 1 * *", business_days="next", exclude="calendar feasts") == [
        'business_days: no weekday is closed by feasts, so Saturdays count; closed = ["sat", "sun"] closes them'
    ]
    assert notes("0 8 1 * *", business_days="next", exclude="dates 2026-12-24") == [
        (
            "business_days: no weekday is closed by 'dates 2026-12-24', so Saturdays count; a calendar with "
            'closed = ["sat", "sun"] closes them'
        )
    ]
    assert notes("0 8 1 * *", business_days="next", exclude=["dates 2026-12-24", "calendar office"]) == []
    assert notes("0 8 1 * *", business_days="next", exclude="* 12 * * *") == []
    assert notes("0 8 1 * *", business_days="next", exclude="calendar office") == []
    assert notes("0 8 1 * *", business_days="next") == []


def test_a_time_out_that_nothing_waits_for_is_odd():
    assert notes("0 8 * * *", overlap="cancel_previous", overlap_timeout="1h") == [
        "overlap_timeout has no effect: with overlap = 'cancel_previous' no fire waits for another"
    ]
    assert notes("0 8 * * *", overlap="skip", overlap_timeout="1h") == []


def test_expires_below_grace_is_odd():
    (found,) = notes("0 8 * * *", misfire="all", expires="10s")
    assert found.startswith("expires is shorter than grace")


def crowd(number, **fields):
    return [entry("0 0 * * *", f"e{place}", task=f"a.t{place}", **fields) for place in range(number)]


def test_a_crowd_on_one_second_is_odd():
    (found,) = set_notes(crowd(21), NOW)
    assert found.entry == "e0"
    assert found.text == (
        "fires at 2026-11-21T23:00:00Z together with e1, e2, e3 and 17 more: 21 entries on one second; spread them "
        "with jitter, or with H for the minute"
    )


def test_a_crowd_is_seen_among_entries_that_fire_all_the_time():
    frequent = [entry(f"*/{step} * * * *", f"f{step}", task=f"a.f{step}") for step in (1, 2, 3, 4, 5, 6)]
    (found,) = set_notes([*crowd(15), *frequent], NOW)
    assert "2026-11-21T23:00:00Z" in found.text
    assert "21 entries" in found.text


def test_twenty_are_no_crowd_nor_are_those_that_are_spread_or_off():
    assert list(set_notes(crowd(20), NOW)) == []
    assert list(set_notes(crowd(30, jitter="10m"), NOW)) == []
    assert list(set_notes(crowd(30, enabled=False), NOW)) == []
    hashed = [entry("H 3 * * *", f"h{place}", task=f"a.h{place}") for place in range(40)]
    assert list(set_notes(hashed, NOW)) == []


def test_a_thousand_schedules_are_looked_through_in_a_moment():
    many = [
        entry(f"*/5 * * * * | {place % 60} {place // 60} * * *", f"m{place}", task=f"a.m{place}")
        for place in range(999)
    ]
    (found,) = set_notes(many, NOW)
    assert "999 entries" in found.text


def test_the_same_task_twice_is_odd():
    pair = [entry("0 8 * * *", "one", args=[1]), entry("0 8 * * mon-fri", "two", args=[1])]
    (found,) = set_notes(pair, NOW)
    assert found == (
        "two",
        "calls the same task with the same arguments as 'one', and both fire at 2026-11-23T07:00:00Z",
    )


@pytest.mark.parametrize(
    "others",
    [
        {"schedule": "0 9 * * *", "args": [1]},
        {"schedule": "0 8 * * *", "args": [2]},
        {"schedule": "0 8 * * *", "args": [1], "kwargs": {"a": 1}},
        {"schedule": "0 8 * * *", "args": [1], "task": "a.c"},
        {"schedule": "0 8 * * *", "args": [1], "enabled": False},
        {"schedule": "at 2020-01-01T00:00", "args": [1]},
    ],
)
def test_what_differs_is_not_the_same_task_twice(others):
    assert (
        list(set_notes([entry("0 8 * * *", "one", args=[1]), entry(others.pop("schedule"), "two", **others)], NOW))
        == []
    )


@pytest.mark.parametrize(
    ("freq", "silent"),
    [
        ("MINUTELY", "02:00 to 02:59 come twice on 2027-10-31 in Europe/Berlin: it fires the first time only, "),
        ("HOURLY", "02:00 comes twice on 2027-10-31 in Europe/Berlin: it fires the first time only; "),
    ],
)
def test_a_frequent_recurrence_is_said_to_be_silent_in_the_second_pass(freq, silent):
    (found,) = notes(f"rrule FREQ={freq}", gap="shift")
    assert found.startswith(silent)
    assert ("and is silent the second time; " in found) == (freq == "MINUTELY")
    assert notes(f"rrule FREQ={freq}", gap="shift", fold="both") == []


def test_what_lies_beyond_the_search_is_not_said_to_be_over():
    assert notes("0 8 * * *", exclude="dates 2026-01-01..2075-12-30") == [
        "does not fire again within 40 years: its last moment was 2025-12-31T07:00:00Z"
    ]
