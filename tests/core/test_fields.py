from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from beatd.core.calendars import Calendars
from beatd.core.entry import DAY, SECOND, Entry, Misfire
from beatd.core.field_values import moment
from beatd.core.fields import FieldError, compile_entry, decode_entry
from beatd.schedules import parse
from beatd.schedules.base import Schedule
from beatd.schedules.bounds import NEVER
from beatd.schedules.composition.calendars import read_calendar
from beatd.schedules.moments import LAST, iso, to_us

RULE = 'must be text such as "every 5m" or "0 8 * * mon-fri", or a list of them'
EXCLUDED = 'must be text such as "calendar de", "dates 2026-12-24..2026-12-31" or "* 0-7 * * *", or a list of them'
OFFICE = {"closed": ["sun", "sat"], "dates": ["2026-12-24"], "description": "where we work"}
CALENDARS = Calendars(
    good={"office": read_calendar("office", OFFICE)},
    broken={"attic": "prod.toml:9: calendars.attic.closed: no"},
)
RAW = {"schedule": "every 5m", "task": "shop.report"}


def decode(raw: dict[str, Any], *, name: str = "report", defaults: dict[str, Any] | None = None) -> Entry:
    given = {**RAW, **raw}
    return decode_entry(name, given, defaults or {}, timezone="Europe/Berlin", queue="celery", calendars=CALENDARS)


def refusal(raw: dict[str, Any], **terms: Any) -> str:
    with pytest.raises(FieldError) as caught:
        decode(raw, **terms)
    return str(caught.value)


def test_schedule_and_task_are_enough() -> None:
    assert decode({}) == Entry(
        name="report", task="shop.report", schedule="every 5m", timezone="Europe/Berlin", queue="celery"
    )


def test_every_field_is_read() -> None:
    entry = decode(
        {
            "schedule": ["0 8 * * mon-fri", "0 12 * * sat"],
            "args": [1, "two"],
            "kwargs": {"deep": {"list": [1]}},
            "timezone": "America/New_York",
            "queue": "reports",
            "priority": 9,
            "headers": {"tenant": "a"},
            "expires": "1h30m",
            "time_limit": 60,
            "soft_time_limit": "50s",
            "enabled": False,
            "starts_at": "2026-01-01T00:00",
            "ends_at": "2027-01-01T00:00:00Z",
            "max_runs": 3,
            "misfire": "all",
            "grace": "7d",
            "catch_up_limit": 5,
            "jitter": "10m",
            "gap": "skip",
            "fold": "both",
            "description": "why",
            "tags": ["a", "b"],
        }
    )
    assert entry == Entry(
        name="report",
        task="shop.report",
        schedule="0 8 * * mon-fri | 0 12 * * sat",
        args=[1, "two"],
        kwargs={"deep": {"list": [1]}},
        timezone="America/New_York",
        queue="reports",
        priority=9,
        headers={"tenant": "a"},
        expires=5400 * SECOND,
        time_limit=60.0,
        soft_time_limit=50.0,
        enabled=False,
        starts_at=to_us(datetime(2026, 1, 1, 5, tzinfo=UTC)),
        ends_at=to_us(datetime(2027, 1, 1, tzinfo=UTC)),
        max_runs=3,
        misfire=Misfire.ALL,
        grace=7 * DAY,
        catch_up_limit=5,
        jitter=600 * SECOND,
        gap="skip",
        fold="both",
        description="why",
        tags=["a", "b"],
    )


def test_defaults_lie_beneath_and_none_counts_as_not_given() -> None:
    entry = decode({"queue": None, "priority": 1}, defaults={"queue": "slow", "priority": 5, "misfire": "skip"})
    assert (entry.queue, entry.priority, entry.misfire) == ("slow", 1, Misfire.SKIP)


def test_the_schedule_is_stored_in_its_canonical_text() -> None:
    assert decode({"schedule": "every 90s"}).schedule == str(parse("every 1m30s"))


def test_a_schedule_value_and_a_timedelta_are_schedules() -> None:
    assert decode({"schedule": parse("every 1m")}).schedule == "every 1m"
    assert decode({"schedule": timedelta(minutes=2)}).schedule == "every 2m"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("2026-03-29T02:30", "2026-03-29T01:00:00Z"),  # in the gap of Europe/Berlin: its end
        ("2026-10-25T02:30", "2026-10-25T00:30:00Z"),  # twice in Europe/Berlin: the first
        ("2026-07-01T12:00+09:00", "2026-07-01T03:00:00Z"),
        (datetime(2026, 7, 1, 12), "2026-07-01T10:00:00Z"),  # noqa: DTZ001  as TOML's local date-time is decoded
        (datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=9))), "2026-07-01T03:00:00Z"),
        ("2026-07-01", "2026-06-30T22:00:00Z"),
        (date(2026, 7, 1), "2026-06-30T22:00:00Z"),
    ],
)
def test_a_moment_without_zone_is_in_the_entrys_zone(value: Any, wanted: str) -> None:
    starts_at = decode({"starts_at": value}).starts_at
    assert starts_at is not None
    assert iso(starts_at) == wanted


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"timezoen": "UTC"}, "timezoen: unknown key; did you mean 'timezone'?"),
        ({"task": None}, 'task: is missing; for example task = "package.module.function"'),
        ({"schedule": None}, 'schedule: is missing; for example schedule = "every 5m"'),
        ({"task": ""}, "task: must be a name of 1 to 255 printable characters, got ''"),
        ({"task": 5}, "task: must be a name of 1 to 255 printable characters, got 5"),
        ({"priority": 10}, "priority: must be a whole number from 0 to 9, got 10"),
        ({"priority": True}, "priority: must be a whole number from 0 to 9, got True"),
        ({"priority": "5"}, "priority: must be a whole number from 0 to 9, got '5'"),
        ({"max_runs": 0}, "max_runs: must be a whole number of 1 or more, got 0"),
        ({"enabled": "yes"}, "enabled: must be true or false, got 'yes'"),
        ({"misfire": "newest"}, "misfire: must be 'latest' or 'all' or 'skip', got 'newest'"),
        ({"gap": "skp"}, "gap: must be 'shift' or 'skip', got 'skp'; did you mean 'skip'?"),
        ({"fold": 1}, "fold: must be 'first' or 'second' or 'both', got 1"),
        ({"tags": "nightly"}, 'tags: must be a list of texts, such as ["a", "b"], got \'nightly\''),
        ({"args": 5}, "args: must be a list, got 5; write args = [5]"),
        ({"kwargs": [1]}, "kwargs: must be a table, got [1]; write kwargs = { name = value }"),
        ({"headers": {"eta": "x"}}, "headers.eta: is a header that the message sets itself; choose another name"),
        ({"headers": {"beatd_x": 1}}, "headers.beatd_x: is a header that the message sets itself; choose another name"),
        ({"expires": 0}, "expires: must be a duration above 0, got 0"),
        (
            {"schedule": []},
            f"schedule: {RULE}, got an empty list",
        ),
        (
            {"schedule": 30},
            f'schedule: {RULE}, got 30; write "every 30s"',
        ),
        ({"exclude": []}, f"exclude: {EXCLUDED}, got an empty list"),
        (
            {"exclude": ["dates 2026-12-24", 5]},
            f'exclude: {EXCLUDED}, got 5; write exclude = "dates 2026-12-24", or leave it out',
        ),
        ({"exclude": {"dates": "x"}}, f"exclude: {EXCLUDED}, got {{'dates': 'x'}}"),
        (
            {"exclude": "0 8 * * * | dates 2026-13-01"},
            "exclude: bad exclusion 'dates 2026-13-01': '2026-13-01' is not a date: month must be in 1..12",
        ),
        (
            {"exclude": "calendar ofice"},
            "exclude: bad exclusion 'calendar ofice': there is no calendar 'ofice'; known: office",
        ),
        (
            {"exclude": "calendar attic"},
            "exclude: calendar 'attic' cannot be used: prod.toml:9: calendars.attic.closed: no",
        ),
        (
            {"business_days": "nxt"},
            "business_days: must be 'next' or 'previous' or 'skip', got 'nxt'; did you mean 'next'?",
        ),
        ({"business_days": True}, "business_days: must be 'next' or 'previous' or 'skip', got True"),
        (
            {"overlap": "queue"},
            (
                "overlap: must be 'allow' or 'skip' or 'queue_one' or 'cancel_previous', got 'queue'; "
                "did you mean 'queue_one'?"
            ),
        ),
        ({"overlap": 1}, "overlap: must be 'allow' or 'skip' or 'queue_one' or 'cancel_previous', got 1"),
        ({"overlap_timeout": "0s"}, "overlap_timeout: must be a duration above 0, got '0s'"),
        ({"pause_after_failures": -1}, "pause_after_failures: must be a whole number of 0 or more, got -1"),
        ({"pause_after_failures": True}, "pause_after_failures: must be a whole number of 0 or more, got True"),
        ({"must_succeed_within": "1h"}, "must_succeed_within: not in this version, got '1h'; leave it out"),
        ({"notify": ["a"]}, "notify: not in this version, got ['a']; leave it out"),
        ({"name": "other"}, "name: is 'other', but the entry stands under 'report'; leave one out"),
        (
            {"time_limit": 10, "soft_time_limit": 10},
            "time_limit: must be longer than soft_time_limit (10s), got 10s; the soft one comes first",
        ),
        (
            {"starts_at": "2026-02-01T00:00Z", "ends_at": "2026-01-01T00:00Z"},
            "ends_at: must be later than starts_at (2026-02-01T00:00:00Z), got 2026-01-01T00:00:00Z",
        ),
        (
            {"schedule": "0 0 1 1 *", "starts_at": "2026-02-01T00:00Z", "ends_at": "2026-03-01T00:00Z"},
            (
                "schedule: can never fire: '0 0 1 1 *' names no moment from starts_at (2026-02-01T00:00:00Z) "
                "before ends_at (2026-03-01T00:00:00Z)"
            ),
        ),
        (
            {"schedule": "at 2026-01-01T00:00Z", "starts_at": "2026-02-01T00:00Z"},
            "schedule: can never fire: 'at 2026-01-01T00:00Z' names no moment from starts_at (2026-02-01T00:00:00Z)",
        ),
        ({"starts_at": 5}, 'starts_at: must be a moment such as "2026-12-24T18:00", got 5'),
    ],
)
def test_a_field_that_cannot_be_used_says_why_and_what_to_do(raw: dict[str, Any], says: str) -> None:
    assert refusal(raw) == says


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        ({"timezone": "Europe/Berln"}, ["timezone: unknown time zone 'Europe/Berln'", "did you mean", "Europe/Berlin"]),
        ({"grace": "1 fortnight"}, ["grace: ", "'1 fortnight'", "not a duration"]),
        ({"grace": -5}, ["grace: ", "-5"]),
        ({"schedule": "every monday"}, ["schedule: bad schedule 'every monday'", "* * mon"]),
        ({"schedule": "@every 5m"}, ["schedule: bad schedule '@every 5m'", "every 5m"]),
        ({"schedule": "0 25 * * *"}, ["schedule: bad schedule '0 25 * * *'", "25"]),
        ({"schedule": "0 0 31 2 *"}, ["schedule: bad schedule '0 0 31 2 *'", "never"]),
        ({"schedule": "sunset 91 13.4"}, ["schedule: bad schedule 'sunset 91 13.4'", "91"]),
        ({"exclude": "every monday"}, ["exclude: bad exclusion 'every monday'", "* * mon"]),
        ({"schedule": ["every 5m", "every monday"]}, ["schedule: bad schedule", "every monday"]),
        ({"starts_at": "tomorrow"}, ["starts_at: 'tomorrow' is no moment such as \"2026-12-24T18:00\""]),
        ({"ends_at": "2026-02-30"}, ["ends_at: '2026-02-30' is no moment: day is out of range for month"]),
    ],
)
def test_a_refusal_from_below_keeps_its_key_its_value_and_its_remedy(raw: dict[str, Any], parts: list[str]) -> None:
    said = refusal(raw)
    assert [part for part in parts if part not in said] == []


@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb", "a\tb"])
def test_a_name_is_printable_and_not_too_long(name: str) -> None:
    assert refusal({}, name=name).startswith("name: a name has 1 to 200 printable characters")


def test_kwargs_that_are_no_json_are_named_by_their_path() -> None:
    said = refusal({"kwargs": {"rows": [{"when": datetime(2026, 1, 2, tzinfo=UTC)}]}})
    assert said.startswith("kwargs.rows[0].when: is a date-time, which JSON does not have; write it as text")


def test_an_exclusion_is_stored_in_its_canonical_text_with_the_calendars_that_it_names() -> None:
    entry = decode({"exclude": ["Calendar  office", "* 0-7 * * *", "dates 2026-12-27..2026-12-31", parse("@daily")]})
    assert entry.exclude == "calendar office | * 0-7 * * * | dates 2026-12-27..2026-12-31 | 0 0 * * *"
    assert entry.calendars == {"office": {"closed": ["sat", "sun"], "dates": ["2026-12-24"]}}
    assert decode({"exclude": entry.exclude}).exclude == entry.exclude
    assert decode({"exclude": "dates 2026-12-24"}).calendars == {}
    assert decode({"business_days": "next"}).business_days == "next"


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"schedule": "at 2026-12-24T12:00", "exclude": "calendar office"}, "exclude: "),
        ({"schedule": "every 1h", "exclude": "* * * * *"}, "exclude: "),
        ({"schedule": "0 12 * * sat", "business_days": "skip"}, "business_days: "),
        (
            {
                "schedule": "0 8 * * *",
                "exclude": "dates 2026-02-01..2026-02-07",
                "starts_at": "2026-02-01T00:00",
                "ends_at": "2026-02-08T00:00",
            },
            (
                "exclude: can never fire: of '0 8 * * *' nothing is left from starts_at (2026-01-31T23:00:00Z) "
                "before ends_at (2026-02-07T23:00:00Z)"
            ),
        ),
    ],
)
def test_an_entry_of_which_nothing_is_left_is_refused(raw: dict[str, Any], says: str) -> None:
    assert refusal(raw).startswith(says)


def test_bounds_hold_for_what_is_left() -> None:
    week = {"starts_at": "2026-02-01T00:00", "ends_at": "2026-02-10T00:00"}
    entry = decode({"schedule": "0 8 * * *", "exclude": "calendar office | dates 2026-02-01..2026-02-08", **week})
    schedule = compile_entry(entry)
    assert [iso(fire) for fire in schedule.between_us(0, 2**60)] == ["2026-02-09T07:00:00Z"]


def test_a_compiled_entry_keeps_to_its_bounds() -> None:
    entry = decode({"schedule": "every 1h", "starts_at": "2026-01-01T00:30Z", "ends_at": "2026-01-01T02:30Z"})
    schedule, fires = compile_entry(entry), []
    fire = schedule.next_us(0)
    while fire is not None:
        fires.append(iso(fire))
        fire = schedule.next_us(fire)
    assert fires == ["2026-01-01T00:30:00Z", "2026-01-01T01:30:00Z"]


def test_an_entry_that_is_not_enabled_never_fires() -> None:
    assert compile_entry(decode({"enabled": False})) is NEVER


NEVER_ENDS = ["9999-12-31T23:59:59", "9999-12-31T23:59:59-05:00", datetime(9999, 12, 31, 23, 59, 59)]  # noqa: DTZ001  the case


@pytest.mark.parametrize("value", NEVER_ENDS)
def test_an_end_that_no_moment_reaches_is_none(value: Any) -> None:
    entry = decode({"timezone": "America/New_York", "ends_at": value})
    assert entry.ends_at is None
    assert compile_entry(entry).last_us(LAST + 1) == LAST - 299 * SECOND


@pytest.mark.parametrize("value", NEVER_ENDS)
def test_a_start_that_no_moment_reaches_is_refused(value: Any) -> None:
    said = refusal({"timezone": "America/New_York", "starts_at": value})
    assert said.startswith("starts_at: ")
    assert "lies outside the years 1 to 9999 in UTC; write enabled = false" in said


@pytest.mark.parametrize("key", ["starts_at", "ends_at"])
def test_a_bound_before_the_year_1_is_refused(key: str) -> None:
    said = refusal({"timezone": "Asia/Tokyo", key: "0001-01-01T00:00"})
    assert said.startswith(f"{key}: '0001-01-01T00:00' ")
    assert "in Asia/Tokyo it lies outside the years 1 to 9999 in UTC" in said


@pytest.mark.parametrize(
    ("timezone", "written"), [("America/New_York", "9999-12-31T23:59"), ("Asia/Tokyo", "0001-01-01")]
)
def test_a_moment_outside_the_years_is_an_error_of_the_field(timezone: str, written: str) -> None:
    with pytest.raises(FieldError) as caught:
        moment("time", written, timezone)
    assert caught.value.reason == f"{written!r} is no moment: in {timezone} it lies outside the years 1 to 9999 in UTC"


@pytest.mark.parametrize(
    ("timezone", "written"), [("UTC", "9999-12-31T23:59:59-05:00"), ("Asia/Tokyo", "9999-12-31T23:59:59-05:00")]
)
def test_of_a_moment_with_an_offset_no_zone_is_told(timezone: str, written: str) -> None:
    told = "it lies outside the years 1 to 9999 in UTC"
    with pytest.raises(FieldError) as caught:
        moment("time", written, timezone)
    assert caught.value.reason == f"{written!r} is no moment: {told}"
    assert refusal({"timezone": timezone, "starts_at": written}).startswith(
        f"starts_at: {written!r} cannot be used: {told}; "
    )


@pytest.mark.parametrize(
    "raw",
    [
        {"exclude": "dates 0001-01-01..2026-12-30"},
        {"exclude": "dates 0001-01-01..2100-12-30"},
        {"exclude": "dates 0001-01-01..9000-12-30"},
        {"exclude": "dates 0001-01-01..2060-12-30 | dates 2070-01-01..9999-12-31"},
        {"exclude": "dates 2027-01-01..2090-12-30", "starts_at": "2027-01-01"},
        {"exclude": "dates 0001-01-01..2090-12-30", "ends_at": "2091-02-01"},
    ],
)
def test_a_schedule_that_fires_only_after_a_long_time_is_taken(raw: dict[str, Any]) -> None:
    assert decode({"schedule": "0 8 * * *", **raw}).exclude == raw["exclude"]


def test_what_goes_wrong_unforeseen_is_an_error_of_the_entry() -> None:
    class Odd(Schedule):
        def __str__(self) -> str:
            return str(1 // 0)

        under = next_us = last_us = count_us = None  # type: ignore[assignment]  # never asked

    said = refusal({"schedule": Odd()})
    assert said == "schedule: the entry cannot be read: ZeroDivisionError: integer division or modulo by zero"
