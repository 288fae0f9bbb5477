from datetime import UTC, datetime, timedelta, timezone

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, at, parse
from beatd.schedules.moments import FIRST, LAST, iso


def fires(text, **terms):
    schedule = parse(text, Terms(**terms))
    found, moment = [], FIRST - 1
    while (moment := schedule.next_us(moment)) is not None:
        found.append(iso(moment))
    assert schedule.count_us(FIRST - 1, LAST) == len(found)
    return found


def test_a_reading_is_in_the_zone_of_the_entry():
    assert fires("at 2026-12-24T18:00", timezone="Europe/Paris") == ["2026-12-24T17:00:00Z"]
    assert fires("at 2026-12-24 18:00:05.25") == ["2026-12-24T18:00:05.250000Z"]


@pytest.mark.parametrize("text", ["at 2026-12-24T18:00Z", "at 2026-12-24t20:00+02:00", "at 2026-12-24T13:00-05:00"])
def test_an_offset_overrides_the_zone(text):
    assert fires(text, timezone="Asia/Tokyo") == ["2026-12-24T18:00:00Z"]
    assert str(parse(text)) == "at 2026-12-24T18:00Z"


def test_in_a_gap_it_moves_to_the_end():
    assert fires("at 2026-03-29T02:30", timezone="Europe/Paris") == ["2026-03-29T01:00:00Z"]


@pytest.mark.parametrize(
    ("fold", "wanted"),
    [
        (None, ["2026-10-25T00:30:00Z"]),
        ("second", ["2026-10-25T01:30:00Z"]),
        ("both", ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]),
    ],
)
def test_in_a_fold_it_is_the_first_pass_or_what_the_entry_says(fold, wanted):
    assert fires("at 2026-10-25T02:30", timezone="Europe/Paris", fold=fold) == wanted


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("at 2011-12-30T12:00", {"timezone": "Pacific/Apia"}),
        ("at 2026-03-29T02:30", {"timezone": "Europe/Paris", "gap": "skip"}),
        ("every 1h | at 2011-12-30T12:00", {"timezone": "Pacific/Apia"}),
    ],
)
def test_a_moment_that_does_not_exist_is_refused(text, terms):
    with pytest.raises(InvalidScheduleError, match=r"it can never fire: the clocks of .* skip this moment"):
        parse(text, Terms(**terms))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("at", "takes one moment"),
        ("at noon", "'noon' is not a moment"),
        ("at 2026-12-24", "write 'at 2026-12-24T00:00'"),
        ("at 2026-13-01T00:00", "month must be in 1..12"),
        ("at 2026-02-30T00:00", "day is out of range"),
        ("at 2026-12-24T25:00", "hour must be in 0..23"),
        ("at 20261224T1800", "is not a moment"),
        ("at 2026-12-24T18:00 Europe/Paris", "is not a moment"),
        ("at 0001-01-01T00:00+14:00", "it lies outside the years 1 to 9999 in UTC"),
        ("at ٢٠٢٦-12-24T18:00", "is not a moment"),
        ("at 2026-12-24T18:00 offset 3m", "takes one moment"),
    ],
)
def test_what_is_no_moment_is_refused(text, said):
    with pytest.raises(InvalidScheduleError) as caught:
        parse(text)
    assert said in str(caught.value)


def test_a_datetime_is_taken_as_it_is():
    eve = datetime(2026, 12, 24, 18)  # noqa: DTZ001  without zone is what is tested
    assert str(at(eve)) == "at 2026-12-24T18:00"
    assert iso(at(eve).under(Terms(timezone="Asia/Tokyo")).next_us(0)) == "2026-12-24T09:00:00Z"
    assert at(eve.replace(tzinfo=timezone(timedelta(hours=1)))) == at("2026-12-24T17:00Z")
    assert at("2026-12-24T18:00") == at(eve)
    assert at("2026-12-24T18:00Z").next_after(datetime(2026, 1, 1, tzinfo=UTC)) == eve.replace(tzinfo=UTC)
    with pytest.raises(TypeError, match="takes a datetime or a text"):
        at(5)


@pytest.mark.parametrize("year", [1, 9999])
def test_the_first_and_the_last_year_are_in(year):
    assert len(fires(f"at {year:04}-06-15T12:00", timezone="Europe/Paris")) == 1


@pytest.mark.parametrize(
    ("text", "timezone"), [("at 9999-12-31T23:59", "America/New_York"), ("at 0001-01-01T00:00", "Asia/Tokyo")]
)
def test_a_reading_outside_the_years_is_refused(text, timezone):
    with pytest.raises(InvalidScheduleError, match=f"in {timezone} it lies outside the years 1 to 9999 in UTC"):
        parse(f"@daily | {text}", Terms(timezone=timezone))


def test_a_datetime_outside_the_years_is_refused():
    with pytest.raises(InvalidScheduleError, match="outside the years 1 to 9999"):
        at(datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))))


def test_the_second_pass_of_a_reading_that_occurs_once_is_that_reading():
    assert fires("at 2026-06-15T02:30", timezone="Europe/Paris", fold="second") == ["2026-06-15T00:30:00Z"]


def test_both_passes_are_found_backwards_the_later_first():
    schedule = parse("at 2026-10-25T02:30", Terms(timezone="Europe/Paris", fold="both"))
    second, first = datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert schedule.last_before(second + timedelta(days=1)) == second
    assert schedule.last_before(second) == first
    assert schedule.last_before(first) is None
