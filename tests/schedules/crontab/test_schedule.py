from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse
from beatd.schedules.moments import FIRST, LAST, iso, to_us

YEAR = 366 * 86_400 * 1_000_000


def fires(text, after, number, **terms):
    schedule = parse(text, Terms(**terms))
    moment, found = to_us(datetime.fromisoformat(after)), []
    for _ in range(number):
        moment = schedule.next_us(moment)
        found.append(iso(moment))
    return found


def test_a_fixed_time_inside_a_gap_fires_once_at_its_end():
    assert fires("30 2 * * *", "2026-03-28T12:00Z", 2, timezone="Europe/Paris") == [
        "2026-03-29T01:00:00Z",
        "2026-03-30T00:30:00Z",
    ]


def test_several_fixed_times_inside_a_gap_are_one_fire():
    assert fires("0,15,30 2 * * *", "2026-03-28T12:00Z", 2, timezone="Europe/Paris") == [
        "2026-03-29T01:00:00Z",
        "2026-03-30T00:00:00Z",
    ]


def test_one_shifted_onto_a_named_moment_is_one_fire():
    found = fires("0 2,3 * * *", "2026-03-28T12:00Z", 2, timezone="Europe/Paris")
    assert found == ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"]
    day = [to_us(datetime(2026, 3, day, tzinfo=UTC)) for day in (29, 30)]
    assert parse("0 2,3 * * *", Terms(timezone="Europe/Paris")).count_us(*day) == 2  # 01:00 and midnight UTC


def test_a_fixed_time_in_a_fold_fires_on_the_first_pass_only():
    assert fires("30 2 * * *", "2026-10-24T12:00Z", 2, timezone="Europe/Paris") == [
        "2026-10-25T00:30:00Z",
        "2026-10-26T01:30:00Z",
    ]


def test_an_hourly_rule_fires_each_real_hour():
    assert fires("0 * * * *", "2026-10-24T23:30Z", 4, timezone="Europe/Paris") == [
        f"2026-10-25T0{hour}:00:00Z" for hour in range(4)
    ]
    assert fires("0 * * * *", "2026-03-28T23:30Z", 3, timezone="Europe/Paris") == [
        f"2026-03-29T0{hour}:00:00Z" for hour in range(3)
    ]


def test_a_starred_minute_inside_a_gap_does_not_fire():
    assert fires("*/30 2 * * *", "2026-03-28T12:00Z", 1, timezone="Europe/Paris") == ["2026-03-30T00:00:00Z"]


def test_a_starred_minute_in_a_fold_fires_in_both_passes():
    assert len(set(fires("*/15 2 * * *", "2026-10-24T12:00Z", 8, timezone="Europe/Paris"))) == 8
    assert fires("*/15 2 * * *", "2026-10-24T12:00Z", 9, timezone="Europe/Paris")[7:] == [
        "2026-10-25T01:45:00Z",
        "2026-10-26T01:00:00Z",
    ]


def test_a_rare_starred_rule_does_not_miss_the_second_pass():
    found = fires("*/15 2 25 10 *", "2026-10-25T00:50Z", 1, timezone="Europe/Paris")
    assert found == ["2026-10-25T01:00:00Z"]


@pytest.mark.parametrize("text", ["0 12 * * *", "0 12 30 12 *"])
def test_a_day_that_a_zone_skipped_does_not_exist(text):
    found = fires(text, "2011-12-29T23:00Z", 1, timezone="Pacific/Apia")
    assert found == (["2011-12-30T22:00:00Z"] if text == "0 12 * * *" else ["2012-12-29T22:00:00Z"])


@pytest.mark.parametrize(
    ("terms", "wanted"),
    [
        ({"gap": "skip"}, "2026-03-30T00:30:00Z"),
        ({"gap": "shift"}, "2026-03-29T01:00:00Z"),
    ],
)
def test_the_entry_may_say_what_a_gap_does(terms, wanted):
    assert fires("30 2 * * *", "2026-03-28T12:00Z", 1, timezone="Europe/Paris", **terms) == [wanted]


def test_a_gap_may_shift_a_starred_rule_too():
    found = fires("*/30 2 * * *", "2026-03-28T12:00Z", 1, timezone="Europe/Paris", gap="shift")
    assert found == ["2026-03-29T01:00:00Z"]


@pytest.mark.parametrize(
    ("fold", "wanted"),
    [
        ("first", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        ("second", ["2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"]),
        ("both", ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]),
    ],
)
def test_the_entry_may_say_what_a_fold_does(fold, wanted):
    assert fires("30 2 * * *", "2026-10-24T12:00Z", 2, timezone="Europe/Paris", fold=fold) == wanted


@pytest.mark.parametrize(("key", "said"), [("gap", "gap must be"), ("fold", "fold must be")])
def test_a_wrong_word_for_either_is_refused(key, said):
    with pytest.raises(InvalidScheduleError, match=said):
        parse("30 2 * * *", Terms(**{key: "sometimes"}))


def test_a_leap_day_on_a_weekday_is_found_forty_years_ahead():
    assert fires("0 0 29 2 &mon", "2072-03-01T00:00Z", 1) == ["2112-02-29T00:00:00Z"]
    schedule = parse("0 0 29 2 &mon")
    assert iso(schedule.last_us(to_us(datetime(2112, 2, 29, tzinfo=UTC)))) == "2072-02-29T00:00:00Z"


def test_a_year_of_seconds_is_counted_at_once():
    schedule = parse("* * * * * *", Terms(timezone="Europe/Paris"))
    start = to_us(datetime(2026, 1, 1, tzinfo=UTC))
    assert schedule.count_us(start, start + YEAR) == 366 * 86_400
    assert schedule.count_us(start, start + YEAR, limit=10) == 10


def test_fractions_of_a_second_round_to_neither_side():
    schedule = parse("* * * * * *")
    assert schedule.next_us(999_999) == 1_000_000
    assert schedule.next_us(1_000_000) == 2_000_000
    assert schedule.last_us(1_000_001) == 1_000_000
    assert schedule.last_us(1_000_000) == 0


@pytest.mark.parametrize("text", ["* * * * *", "0 0 29 2 *", "* * * * * *"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Pacific/Kiritimati"])
def test_the_ends_of_the_calendar_are_ends(text, zone):
    schedule = parse(text, Terms(timezone=zone))
    assert schedule.next_us(LAST) is None
    assert schedule.next_us(LAST * 100) is None
    assert schedule.last_us(FIRST) is None
    assert schedule.last_us(FIRST * 100) is None
    assert FIRST <= schedule.next_us(FIRST * 100) <= LAST
    assert FIRST <= schedule.last_us(LAST * 100) <= LAST


def test_equal_rules_in_equal_terms_are_one_object():
    terms = Terms(timezone="Europe/Paris", name="a", starts_at=5)
    other = Terms(timezone="Europe/Paris", name="b", starts_at=7)
    assert parse("0 8 * * 1-5", terms) is parse("0 8 * * mon-fri", other)
    assert parse("0 8 * * 1-5") != parse("0 8 * * 1-5", terms)


def test_days_that_depend_on_the_month_fire_in_the_zone():
    assert fires("0 8 L * *", "2028-01-31T12:00Z", 2, timezone="Europe/Paris") == [
        "2028-02-29T07:00:00Z",
        "2028-03-31T06:00:00Z",
    ]
    assert fires("30 2 * * sunL", "2026-03-01T00:00Z", 2, timezone="Europe/Paris") == [
        "2026-03-29T01:00:00Z",  # in the gap, and so at its end
        "2026-04-26T00:30:00Z",
    ]
    assert fires("0 0 31W * *", "2026-04-01T00:00Z", 2) == ["2026-05-29T00:00:00Z", "2026-07-31T00:00:00Z"]


def test_seconds_and_years_go_together():
    text = "59 59 23 31 12 ? 2026,2028"
    assert fires(text, "2025-01-01T00:00Z", 2) == ["2026-12-31T23:59:59Z", "2028-12-31T23:59:59Z"]
    schedule = parse(text)
    assert schedule.next_us(to_us(datetime(2028, 12, 31, 23, 59, 59, tzinfo=UTC))) is None
    assert schedule.last_us(to_us(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC))) is None
    assert schedule.count_us(FIRST, LAST) == 2


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Pacific/Kiritimati", "Pacific/Apia"])
@pytest.mark.parametrize("year", [1970, 2026, 2099])
def test_a_year_is_found_from_either_end_of_the_calendar(zone, year):
    schedule = parse(f"0 0 0 1 1 * {year}", Terms(timezone=zone))
    found = schedule.next_us(FIRST)
    assert datetime.fromtimestamp(found / 1e6, UTC) == datetime(year, 1, 1, tzinfo=ZoneInfo(zone))
    assert schedule.last_us(LAST) == found
    assert to_us(schedule.next_after(datetime.min.replace(tzinfo=UTC))) == found
    assert schedule.next_us(found - 1) == found
    assert schedule.last_us(found + 1) == found
    assert schedule.next_us(found) is None
    assert schedule.last_us(found) is None
    assert schedule.count_us(FIRST, LAST) == 1


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris"])
def test_no_fire_is_made_up_where_there_is_none(zone):
    schedule = parse("0 0 0 1 1 * 2026", Terms(timezone=zone))
    for year in (2027, 2060, 2100, 2300, 9000):
        assert schedule.next_us(to_us(datetime(year, 1, 1, tzinfo=UTC))) is None
    for year in (1, 1800, 1930, 1969, 2025):
        assert schedule.last_us(to_us(datetime(year, 1, 1, tzinfo=UTC))) is None


def test_an_h_fires_by_the_name_of_its_entry():
    assert fires("H H * * *", "2026-11-21T00:00Z", 2, name="backup") == [
        "2026-11-21T16:38:00Z",
        "2026-11-22T16:38:00Z",
    ]
    assert fires("H H * * *", "2026-11-21T00:00Z", 1, name="report") != ["2026-11-21T16:38:00Z"]


def test_entries_whose_h_comes_to_the_same_share_one_object():
    names = [f"report-{number}" for number in range(600)]
    schedules = [parse("H * * * *", Terms(name=name)) for name in names]
    assert len({id(schedule) for schedule in schedules}) == len(set(schedules)) == 60
    assert {str(schedule) for schedule in schedules} == {"H * * * *"}
    assert schedules[0].terms_used == {"name"}
    assert schedules[0].under(Terms(name="report-1")) is schedules[1]
    assert parse("0 * * * *").terms_used == frozenset()
    assert parse("H * * * * | every 5m").terms_used == {"name", "starts_at"}


def test_an_h_that_leaves_no_day_for_one_name_is_refused_for_that_name():
    text = "0 0 0 H 1 &H 2025"
    refused = 0
    for number in range(40):
        try:
            schedule = parse(text, Terms(name=f"report-{number}"))
        except InvalidScheduleError as error:
            assert "it can never fire: no day of jan in 2025 is" in str(error)  # noqa: PT017  either may happen
            refused += 1
        else:
            assert schedule.next_us(FIRST) is not None
    assert 0 < refused < 40


def test_threads_may_share_a_rule():
    schedule = parse("*/7 * * * *", Terms(timezone="America/Santiago"))
    starts = [to_us(datetime(year, 1, 1, tzinfo=UTC)) for year in range(1950, 2100)]
    alone = [schedule.next_us(start) for start in starts]
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: [schedule.next_us(start) for start in starts], range(16)):
            assert found == alone


def test_a_schedule_shows_its_text_and_zone_and_has_nothing_else():
    schedule = parse("0 8 * * *", Terms(timezone="Europe/Paris"))
    assert repr(schedule) == "<crontab 0 8 * * * in Europe/Paris>"
    with pytest.raises(AttributeError):
        schedule._local.nothing  # noqa: B018  what is asked for is the error
