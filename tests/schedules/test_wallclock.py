"""The short ways that a search takes give what the long one gives, whatever was asked before."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from beatd.schedules import Terms, parse
from beatd.schedules.moments import FIRST, LAST, SECOND, from_us, to_us
from beatd.schedules.zones import Zone

HOUR = 3600 * SECOND
TEXTS = ["* * * * *", "*/20 1-3 * * *", "30 2 * * *", "0 9 1 * *", "*/7 * * * * *", "0 12 29 2 *", "15 0 * * &sun"]
ZONES = ["UTC", "Europe/Paris", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "America/Havana"]
CHANGES = {
    "Pacific/Apia": datetime(2011, 12, 30, 10, tzinfo=UTC),
    "America/Havana": datetime(2026, 11, 1, 5, tzinfo=UTC),
}


def bound(text, zone, **terms):
    return parse(text, Terms(timezone=zone, **terms))


def moments(zone, number=150):
    """Around a change of the zone, a few in far years, in an order of no meaning."""
    source = random.Random(zone)
    change = to_us(CHANGES.get(zone, datetime(2026, 10, 25, 1, tzinfo=UTC)))
    near = [change + source.randrange(-30 * HOUR, 30 * HOUR) for _ in range(number)]
    return near + [source.randrange(FIRST, LAST) for _ in range(20)]


def searched(schedule, after):
    """The long way alone."""
    second = schedule._search(max(after // SECOND + 1, FIRST // SECOND))
    return None if second is None else second * SECOND


@pytest.mark.parametrize("fold", [None, "first", "second", "both"])
@pytest.mark.parametrize("gap", [None, "shift", "skip"])
@pytest.mark.parametrize("zone", ZONES)
def test_short_and_long_way_agree_whatever_was_asked_before(zone, gap, fold):
    for text in TEXTS:
        schedule = bound(text, zone, gap=gap, fold=fold)
        for after in moments(zone):
            wanted = searched(schedule, after)
            assert schedule.next_us(after) == wanted, (text, from_us(after))
            assert schedule.next_after(from_us(after)) == (None if wanted is None else from_us(wanted))


def test_an_answer_holds_until_it_comes_and_no_longer():
    schedule = bound("0 * * * *", "UTC")
    noon = to_us(datetime(2026, 1, 1, 12, tzinfo=UTC))
    assert schedule.next_us(noon) == noon + HOUR
    assert schedule.next_us(noon + HOUR - 1) == noon + HOUR
    assert schedule.next_us(noon + HOUR) == noon + 2 * HOUR
    assert schedule.next_us(noon - 1) == noon
    assert schedule.next_us(noon) == noon + HOUR


def test_what_was_asked_is_no_part_of_a_schedule_s_identity():
    asked, other = bound("0 8 * * *", "Europe/Paris"), bound("0  8 * * *", "Europe/Paris")
    before = hash(asked), str(asked), repr(asked)
    asked.next_us(0)
    assert (hash(asked), str(asked), repr(asked)) == before
    assert asked == other


def test_threads_that_share_a_schedule_do_not_mix_their_answers():
    schedule = bound("*/3 * * * *", "Europe/Paris")
    asked = moments("Europe/Paris", 3000)
    wanted = [searched(schedule, after) for after in asked]
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda order: [schedule.next_us(after) for after in asked[::order]], (1, -1, 1, -1))
        assert list(answers) == [wanted, wanted[::-1]] * 2


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Australia/Lord_Howe", "Asia/Gaza"])
@pytest.mark.parametrize("hour", [0, 2, 12])
def test_29_february_on_a_friday_is_found_across_any_number_of_years(zone, hour):
    info = ZoneInfo(zone)
    years = [year for year in range(2026, 2500) if year % 4 == 0 and (year % 100 or year % 400 == 0)]
    wanted = [
        datetime(year, 2, 29, hour, tzinfo=info) for year in years if datetime(year, 2, 29, tzinfo=UTC).weekday() == 4
    ]
    schedule, found = bound(f"0 {hour} 29 2 &fri", zone), []
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for _ in wanted:
        moment = schedule.next_after(moment)
        found.append(moment)
    assert found == [each.astimezone(UTC) for each in wanted]


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT+5", "Europe/Paris"])
def test_nothing_fires_before_the_year_1_or_after_9999(zone):
    schedule = bound("0 0 * * *", zone)
    first = schedule.next_us(FIRST - 400 * 24 * HOUR)
    assert FIRST <= first < FIRST + 25 * HOUR
    assert schedule.next_us(LAST - 1) in (None, LAST)
    assert schedule.next_us(LAST) is None
    assert schedule.next_after(datetime.max.replace(tzinfo=UTC)) is None


def test_a_zone_that_never_changed_is_one_segment():
    fixed = Zone(ZoneInfo("Etc/GMT+5"), "Etc/GMT+5")
    assert fixed.at(0) is fixed.at(10**11) is fixed.at(-(10**11))
    assert fixed.at(0).offset == -5 * 3600


@pytest.mark.parametrize("ask", ["next_after", "last_before"])
def test_a_moment_without_zone_is_refused(ask):
    with pytest.raises(ValueError, match="needs a time zone"):
        getattr(bound("* * * * *", "UTC"), ask)(datetime(2026, 1, 1))  # noqa: DTZ001  the case


def test_years_far_away_are_found_alike_through_datetimes_and_integers():
    schedule = bound("0 0 0 1 1 * 2090", "Europe/Paris")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert schedule.next_after(start) == datetime(2090, 1, 1, tzinfo=UTC) - timedelta(hours=1)
    assert schedule.next_us(to_us(start)) == to_us(schedule.next_after(start))


def test_a_gap_of_exactly_three_hours_shifts_to_its_end():
    # Casey's clocks went from 02:00 (UTC+8) to 05:00 (UTC+11) on 2009-10-18; tzdata, "Antarctica/Casey".
    end = datetime(2009, 10, 17, 18, tzinfo=UTC)
    schedule = bound("30 2 * * *", "Antarctica/Casey")
    assert schedule.next_after(end - timedelta(hours=12)) == end
    assert schedule.last_before(end + timedelta(hours=12)) == end
    assert schedule.count(end - timedelta(hours=12), end + timedelta(hours=12)) == 1
    one = bound("at 2009-10-18T02:30", "Antarctica/Casey")
    assert one.next_after(end - timedelta(days=1)) == end


def test_the_last_evening_of_a_crontabs_years_is_found_backwards():
    schedule = bound("0 0 23 31 12 * 2090-2099", "America/New_York")
    evening = datetime(2100, 1, 1, 4, tzinfo=UTC)
    assert schedule.last_before(evening + timedelta(hours=1)) == evening
    assert schedule.last_before(datetime(2500, 1, 1, tzinfo=UTC)) == evening
