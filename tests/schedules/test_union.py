from datetime import UTC, datetime

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse
from beatd.schedules.bounds import bounded
from beatd.schedules.composition.composed import composed
from beatd.schedules.composition.exclusion import parse_exclude
from beatd.schedules.moments import iso, to_us

START = to_us(datetime(2026, 11, 21, tzinfo=UTC))
DAY = 86_400_000_000


def test_a_moment_that_two_rules_name_is_one_fire():
    schedule = parse("0 */2 * * * | 0 */3 * * *")
    found, moment = [], START - 1
    while (moment := schedule.next_us(moment)) < START + DAY:
        found.append(iso(moment)[11:13])
    assert found == ["00", "02", "03", "04", "06", "08", "09", "10", "12", "14", "15", "16", "18", "20", "21", "22"]
    assert schedule.count_us(START - 1, START + DAY - 1) == len(found)
    assert schedule.count_us(START - 1, START + DAY - 1, limit=5) == 5


def test_a_list_means_the_same():
    assert parse(["every 1h", "0 8 * * *"]) == parse("every 1h | 0 8 * * *")
    assert parse(["every 1h | 0 8 * * *", "@daily"]) == parse("every 1h|0 8 * * *|@daily")
    assert parse([parse("every 60m"), "@daily"]) == parse("every 1h | @daily")
    assert parse(["every 1h"]) == parse("every 1h")


def test_equal_rules_are_one():
    assert str(parse("every 1h | every 60m | 0 8 * * * | cron 0 8 * * *")) == "every 1h | 0 8 * * *"
    assert str(parse("every 1h | every 60m")) == "every 1h"


def test_terms_reach_every_part():
    schedule = parse("every 10m | 0 8 * * *", Terms(timezone="Europe/Paris", starts_at=START + 1))
    assert schedule.next_us(START) == START + 1
    assert schedule.last_us(START + 7 * DAY // 24 + 1) == START + 7 * DAY // 24


def test_millions_of_moments_are_counted_at_once():
    schedule = parse("* * * * * * | 0 8 * * * | every 1h offset 500ms")
    assert schedule.count_us(START - 1, START + 365 * DAY - 1) == 365 * 86_400 + 365 * 24


@pytest.mark.parametrize("text", ["every 1h |", "| every 1h", "every 1h || every 2h", "|"])
def test_an_empty_side_is_refused(text):
    with pytest.raises(InvalidScheduleError, match=r"there is no rule on one side of '\|'"):
        parse(text)


def test_the_error_quotes_the_rule_that_is_wrong():
    with pytest.raises(InvalidScheduleError, match=r"^bad schedule '61 0 \* \* \*': minute '61'"):
        parse("every 1h | 61 0 * * *")


@pytest.mark.parametrize("wrong", [5, None, [5], {"every": 5}, b"every 5m"])
def test_what_is_no_text_is_refused(wrong):
    with pytest.raises(InvalidScheduleError, match="a schedule is a text or a list of texts"):
        parse(wrong)


def test_an_empty_list_is_an_empty_schedule():
    with pytest.raises(InvalidScheduleError, match="it is empty"):
        parse([])


SUNSET, SUNRISE = "sunset 52.52 13.40", "sunrise 52.52 13.40"
SECOND = 1_000_000


def _event_and_a_crontab_soon_after():
    event = parse(SUNSET).next_us(START)
    soon = event // (60 * SECOND) + 10
    crontab = f"{soon % 60} {soon // 60 % 24} * * *"
    return event, crontab, soon * 60 * SECOND


@pytest.mark.parametrize("error", [-30, 0, 30])
def test_only_the_event_that_was_settled_skips_its_next_hour(error):
    event, crontab, soon = _event_and_a_crontab_soon_after()
    assert parse(f"{SUNSET} | {crontab}").next_owed_us(event + error * SECOND) == soon


def test_what_a_crontab_names_exactly_is_no_event_that_is_near():
    event, crontab, soon = _event_and_a_crontab_soon_after()
    before = f"{(event // (60 * SECOND) - 5) % 60} {(event // (60 * SECOND) - 5) // 60 % 24} * * *"
    settled = (event // (60 * SECOND) - 5) * 60 * SECOND
    assert parse(f"{SUNSET} | {before}").next_owed_us(settled) == event
    assert parse(f"{SUNSET} | {crontab}").next_owed_us(soon) == parse(f"{SUNSET} | {crontab}").next_us(soon)


def test_of_two_events_within_the_hour_the_nearest_was_settled():
    first = parse(SUNSET).next_us(START)
    schedule = parse(f"{SUNSET} | {SUNSET} offset 40m")
    assert schedule.next_owed_us(first + 20 * SECOND) == first + 2400 * SECOND
    assert schedule.next_owed_us(first - 20 * SECOND) == first + 2400 * SECOND
    assert schedule.next_owed_us(first + 2390 * SECOND) > first + 12 * 3600 * SECOND


def test_the_owner_is_found_through_bounds_and_what_is_taken_away():
    event, crontab, soon = _event_and_a_crontab_soon_after()
    exclusion = parse_exclude("dates 2001-01-01", Terms(), {})
    schedule = bounded(composed(parse(f"{SUNSET} | {crontab}"), exclusion, None, Terms()), START, None)
    assert schedule.next_owed_us(event - 30 * SECOND) == soon


UNIONS = [
    "*/5 8 * * * | * 8 * * * | 30 2 * * *",
    "every 10m | every 15m offset 5m | every 7m",
    "every 10m | */15 * * * * | 30 2 * * sun",
    "*/7 * * * * | every 7m | at 2026-03-29T01:00:30",
    "sunset 52.52 13.40 | every 90m | 0 0 * * *",
    "every 700ms offset 100ms | every 1100ms | 0,30 3 * * *",
    "0 0 3 * * * | every 1h | every 30m offset 10m",
]


@pytest.mark.parametrize("fold", [None, "first", "second", "both"])
@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("text", UNIONS)
def test_the_count_is_that_of_a_walk(text, day, fold):
    schedule = parse(text, Terms(timezone="Europe/Paris", fold=fold))
    start = to_us(datetime.fromisoformat(f"{day}T00:00+00:00"))
    hours = 1 if "ms" in text else 10
    walked = list(schedule.between_us(start - hours * DAY // 24, start + hours * DAY // 24))
    for cut in range(0, 20, 3):
        after, until = start - hours * DAY // 24 + cut * 997 * SECOND, start + hours * DAY // 24 - cut * 613 * SECOND
        expected = sum(after < each <= until for each in walked)
        assert schedule.count_us(after, until) == expected
        assert schedule.count_us(after, until, limit=4) == min(4, expected)
    assert schedule.count_us(start, start - 5) == 0


def test_rules_that_overlap_are_counted_without_a_walk():
    low, high = START - 1, START + 365 * DAY - 1
    assert parse("* * * * * | */5 8 * * *").count_us(low, high) == 365 * 1440
    assert parse("* * * * * * | */2 * * * * *").count_us(low, high) == 365 * 86_400
    assert parse("every 2s | every 3s | every 5s").count_us(low, low + 30 * 86_400 * SECOND) == 22 * 86_400
    terms = Terms(timezone="Europe/Paris")
    assert parse("0-29 * * * * | 15-44 * * * *", terms).count_us(low, high) == 365 * 24 * 45


def test_what_is_composed_is_counted_by_days_too():
    exclusion = parse_exclude("* 12 * * *", Terms(), {})
    schedule = composed(parse("* * * * * * | */2 * * * * *"), exclusion, None, Terms())
    assert schedule.count_us(START - 1, START + 365 * DAY - 1) == 365 * 23 * 3600
