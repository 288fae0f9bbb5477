from datetime import UTC, datetime

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse
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
