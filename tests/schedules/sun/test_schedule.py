import random
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from astral import Observer, SunDirection
from astral import sun as judge

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse, solar
from beatd.schedules.moments import iso, to_us
from beatd.schedules.sun.events import EVENTS, FIRST_TURN, LAST_TURN, Crossing, moment_in

SECOND = 1_000_000
HOUR = 3600 * SECOND
START, STOP = (to_us(datetime(year, 1, 1, tzinfo=UTC)) for year in (2026, 2027))


def year_of(schedule):
    found, moment = [], START - 1
    while (moment := schedule.next_us(moment)) is not None and moment < STOP:
        found.append(moment)
    return found


@pytest.mark.parametrize("direction", ["rising", "setting"])
@pytest.mark.parametrize("elevation", [-18, -6, -4, -0.25, 0, 6, 12.5])
def test_a_height_is_that_of_the_centre_without_refraction_as_astral_has_it(elevation, direction):
    ours = parse(f"sun_elevation {elevation} {direction} 45 -30")
    for day in range(0, 365, 7):
        when, way = date(2026, 1, 1) + timedelta(days=day), SunDirection[direction.upper()]
        theirs = judge.time_at_elevation(Observer(45, -30), elevation, when, way, with_refraction=False)
        found = ours.next_us(to_us(theirs) - 6 * HOUR)
        assert found % SECOND == 0
        assert abs(found - to_us(theirs)) <= 15 * SECOND


@pytest.mark.parametrize("side", ["morning", "evening"])
@pytest.mark.parametrize("colour", ["golden", "blue"])
def test_the_golden_and_the_blue_hour_begin_and_end_at_the_heights_of_astral(colour, side):
    way = SunDirection.RISING if side == "morning" else SunDirection.SETTING
    begin, end = (parse(f"{colour}_hour_{side}{mark} 45 -30") for mark in ("", "_end"))
    for day in range(0, 365, 7):
        # astral bends the light of these, ours are heights without air: less than two minutes.
        theirs = getattr(judge, f"{colour}_hour")(Observer(45, -30), date(2026, 1, 1) + timedelta(days=day), way)
        starts = begin.next_us(to_us(theirs[0]) - 6 * HOUR)
        assert abs(starts - to_us(theirs[0])) <= 120 * SECOND
        assert abs(end.next_us(starts) - to_us(theirs[1])) <= 120 * SECOND


def test_the_golden_hour_follows_the_blue_in_the_morning_and_goes_before_it_in_the_evening():
    start = to_us(datetime(2026, 3, 20, 1, tzinfo=UTC))
    names = ["blue_hour_morning", "golden_hour_morning", "golden_hour_morning_end", "solar_noon"]
    names += ["golden_hour_evening", "golden_hour_evening_end", "blue_hour_evening_end"]
    moments = [solar(name, 52.52, 13.4).next_us(start) for name in names]
    assert moments == sorted(moments)
    same = [("blue_hour_morning_end", "golden_hour_morning"), ("golden_hour_evening_end", "blue_hour_evening")]
    for left, right in same:
        assert solar(left, 52.52, 13.4).next_us(start) == solar(right, 52.52, 13.4).next_us(start)


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize(("latitude", "longitude"), [(40.7, -74), (0, 179.99), (0, -179.99), (35, 90), (-37, 175)])
def test_no_day_of_the_year_is_lost_or_doubled_as_the_event_drifts_over_midnight(event, latitude, longitude):
    found = year_of(solar(event, latitude, longitude))
    assert len(found) in (364, 365, 366)
    assert all(23.8 * HOUR < later - earlier < 24.2 * HOUR for earlier, later in pairwise(found))


def test_days_without_the_event_are_skipped():
    schedule = parse("sunset 69.65 18.96")
    dark = to_us(datetime(2026, 12, 1, tzinfo=UTC))
    assert iso(schedule.next_us(dark)).startswith("2027-01-1")
    assert iso(schedule.last_us(dark)).startswith("2026-11-2")


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("latitude", [89.5, -89.5])
def test_near_a_pole_the_search_still_finds_each_event_every_year(event, latitude):
    schedule = solar(event, latitude, 0)
    for year in range(1990, 2060, 3):
        assert schedule.next_us(to_us(datetime(year, 1, 1, tzinfo=UTC))) is not None


@pytest.mark.parametrize("way", ["rising", "setting"])
@pytest.mark.parametrize("elevation", [-23, -10, 0, 10, 23])
@pytest.mark.parametrize("latitude", [89.5, 88, -89.5, -85])
def test_near_a_pole_a_height_is_passed_every_year_and_never_twice_in_half_a_day(latitude, elevation, way):
    schedule = parse(f"sun_elevation {elevation} {way} {latitude} 179.9")
    stop = to_us(datetime(2040, 1, 1, tzinfo=UTC))
    found = list(schedule.between_us(to_us(datetime(2020, 1, 1, tzinfo=UTC)), stop))
    assert all(later - earlier > 12 * HOUR for earlier, later in pairwise(found))
    assert all(later - earlier < 366 * 24 * HOUR for earlier, later in pairwise(found))
    assert [schedule.last_us(moment) for moment in [*found[1:], stop]] == found
    assert [schedule.next_owed_us(moment) for moment in found[:-1]] == found[1:]


def test_an_event_computed_a_little_later_is_the_same_and_is_owed_once():
    schedule = parse("sun_elevation -0.8 setting 69.3 18.96")
    found = schedule.next_us(START)
    assert schedule.next_owed_us(found - 30 * SECOND) == schedule.next_us(found)
    assert schedule.next_owed_us(found - 30 * SECOND + 1) == found


def test_a_height_that_the_sun_all_but_reaches_is_searched_for_so_long_and_no_longer():
    # The sun passes within 0.1 degrees of the zenith of the equator in some years only, and never of this height.
    schedule = parse("sun_elevation 89.9999 rising 0.2 0")
    assert schedule.next_us(START) is None
    assert schedule.last_us(START) is None
    assert schedule.count_us(START, STOP) == 0


@pytest.mark.parametrize("name", [name for name, passage in EVENTS.items() if isinstance(passage, Crossing)])
def test_every_named_event_is_read_at_every_place_up_to_half_a_degree_from_the_poles(name):
    for latitude in range(-895, 900, 5):
        assert parse(f"{name} {latitude / 10} 0") is not None


def test_reading_a_solar_schedule_loads_no_astronomy():
    code = (
        "import sys; from beatd.schedules import parse; parse('sunset 52 13'); "
        "parse('sun_elevation -4 rising 52 13 offset -5m'); print('astral' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_who_asks_again_before_the_next_fire_costs_no_computation():
    schedule = parse("sunset 40.1 3.3")
    found = schedule.next_us(START)
    before = moment_in.cache_info().misses
    for later in range(1, 20):
        assert schedule.next_us(START + later * HOUR // 2) == found
    assert moment_in.cache_info().misses == before
    assert schedule.next_us(found) > found
    assert moment_in.cache_info().misses == before + 1


def test_the_order_of_events_is_that_of_a_day():
    dawn = ["dawn_astronomical", "dawn_nautical", "dawn_civil", "sunrise", "solar_noon"]
    dusk = ["sunset", "dusk_civil", "dusk_nautical", "dusk_astronomical"]
    start = to_us(datetime(2026, 3, 20, 1, tzinfo=UTC))
    moments = [solar(event, 52.52, 13.4).next_us(start) for event in [*dawn, *dusk, "midnight"]]
    assert moments == sorted(moments)
    assert moments[-1] - start < 24 * HOUR


def test_an_offset_moves_every_fire():
    plain, early = solar("sunset", 52.52, 13.4), solar("sunset", 52.52, 13.4, offset="-30m")
    assert year_of(early)[100] == year_of(plain)[100] - HOUR // 2
    assert str(early) == "sunset 52.52 13.4 offset -30m"
    assert parse(str(early)) == early


def test_walking_counting_and_going_back_agree():
    schedule = parse("dusk_astronomical 60 25 offset 2h")
    found = year_of(schedule)
    assert schedule.count_us(START - 1, STOP - 1) == len(found)
    assert schedule.count_us(START - 1, STOP - 1, limit=5) == 5
    assert [schedule.last_us(moment) for moment in found[1:]] == found[:-1]


@pytest.mark.parametrize("text", ["solar_noon 90 170", "sunset 40 -170 offset -1d", "midnight 0 0", "sunrise 69 18"])
def test_what_is_counted_is_what_a_walk_finds(text):
    schedule = parse(text)
    found = list(schedule.between_us(START, STOP))
    draw = random.Random(text)
    ends = [moment + shift for moment in draw.sample(found, 20) for shift in (-1, 0, 1)]
    for after in ends[::7]:
        for until in [*ends[::5], after, after - 1, after + 1, after + 50 * HOUR]:
            walked = [moment for moment in found if after < moment <= until]
            inside = until < STOP
            assert not inside or schedule.count_us(after, until) == len(walked)
            assert not inside or schedule.count_us(after, until, limit=3) == min(3, len(walked))


def test_thousands_of_years_of_a_daily_event_are_counted_without_a_walk():
    schedule, far = parse("sunset 41.5 13"), to_us(datetime(9999, 12, 1, tzinfo=UTC))
    before = moment_in.cache_info().misses
    assert schedule.count_us(-far, far) == LAST_TURN - FIRST_TURN + 1
    assert schedule.count_us(-far, far, limit=10) == 10
    assert moment_in.cache_info().misses <= before + 2


def test_the_sun_knows_no_zones():
    assert parse("sunset 52.52 13.4", Terms(timezone="Asia/Tokyo")) == parse("sunset 52.52 13.4")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("sunset 52.520 13.40", "sunset 52.52 13.4"),
        ("SUNSET +52 -13.0", "sunset 52 -13"),
        ("noon 0 -0.0", "solar_noon 0 0"),
        ("sunrise 1.00000049 2", "sunrise 1 2"),
        ("sunrise 10 100", "sunrise 10 100"),
        ("Sun_Elevation +5.50 RISING 52.520 13.40", "sun_elevation 5.5 rising 52.52 13.4"),
        ("sun_elevation -0.0 setting 52 13 offset -90m", "sun_elevation 0 setting 52 13 offset -1h30m"),
        ("sun_elevation -4 rising 52 13 offset 0s", "sun_elevation -4 rising 52 13"),
        ("golden_hour_evening 52 13 offset -10m", "golden_hour_evening 52 13 offset -10m"),
    ],
)
def test_a_solar_schedule_has_one_text(text, canonical):
    assert str(parse(text)) == canonical
    assert parse(canonical) == parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sunset 91 0", "latitude 91 is out of range -90 to 90"),
        ("sunset 0 -180.5", "longitude -180.5 is out of range -180 to 180"),
        ("sunset", "needs a latitude and a longitude"),
        ("sunset 52", "needs a latitude and a longitude"),
        ("sunset in Berlin", "'in' is not a number of degrees"),
        ("sunset 52,5 13,4", "'52,5' is not a number of degrees"),
        ("sunset nan 0", "'nan' is not a number of degrees"),
        ("sunset 52.5 13.4 offset 25h", "at most 1d"),
        ("sunset 52.5 13.4 -30m", "needs a latitude and a longitude"),
        ("sunset 90 0", "within half a degree of a pole"),
        ("dawn_civil -89.6 0", "within half a degree of a pole"),
        ("dawn_civil 90 0", "within half a degree of a pole the sun's height changes with the season"),
        ("sunset inf 0", "'inf' is not a number of degrees"),
        ("sunset 1e1 0", "'1e1' is not a number of degrees"),
        ("sunset \u0665\u0662 13", "'\u0665\u0662' is not a number of degrees"),
        ("sunset -91 0", "latitude -91 is out of range"),
        ("sunset 0 181", "longitude 181 is out of range"),
        ("sunset 52 13 14", "needs a latitude and a longitude"),
        ("sunset 52.5 13.4 offset -25h", "at most 1d"),
        ("sunset 52.5 13.4 offset", "'offset' comes last"),
        ("moonrise 52 13", "'moonrise' does not begin a schedule"),
        ("sun_elevation", "needs degrees, 'rising' or 'setting', a latitude and a longitude"),
        ("sun_elevation 5 52 13", "as in 'sun_elevation 5 rising 52.52 13.40'"),
        ("sun_elevation 5 up 52 13", "needs degrees, 'rising' or 'setting'"),
        ("sun_elevation rising 5 52 13", "needs degrees, 'rising' or 'setting'"),
        ("sun_elevation 5 rising 52", "needs degrees, 'rising' or 'setting'"),
        ("sun_elevation 5 rising 52 13 7", "needs degrees, 'rising' or 'setting'"),
        ("sun_elevation 5° rising 52 13", "'5°' is not a number of degrees"),
        ("sun_elevation \u0665 rising 52 13", "'\u0665' is not a number of degrees"),
        ("sun_elevation nan rising 52 13", "'nan' is not a number of degrees"),
        ("sun_elevation 91 rising 52 13", "elevation 91 is out of range -90 to 90"),
        ("sun_elevation -90.5 setting 52 13", "elevation -90.5 is out of range -90 to 90"),
        ("sun_elevation 5 rising 91 13", "latitude 91 is out of range"),
        ("sun_elevation 5 rising 52 200", "longitude 200 is out of range"),
        ("sun_elevation 5 rising 52 13 offset 25h", "at most 1d"),
        (
            "sun_elevation 80 rising 52.5 13.4",
            "it can never fire: at that latitude the sun never rises above 60.95 degrees",
        ),
        ("sun_elevation -80 setting 52.5 13", "it can never fire: at that latitude the sun never sinks below -60.95"),
        ("sun_elevation 90 rising 0 0", "it can never fire: at that latitude the sun never rises above 90 degrees"),
        ("sun_elevation 5 rising 89.6 0", "within half a degree of a pole"),
        ("sunsett 52 13", "write 'sunset 52 13'"),
    ],
)
def test_a_wrong_one_is_refused(text, said):
    with pytest.raises(InvalidScheduleError) as caught:
        parse(text)
    assert said in str(caught.value)


def test_an_unknown_event_is_refused_with_the_list_of_events():
    with pytest.raises(InvalidScheduleError, match="'moonrise' is not an event; the events are dawn_"):
        solar("moonrise", 1, 2)


def test_there_is_an_end_of_the_calendar():
    schedule = parse("sunset 52 13")
    assert schedule.next_us(to_us(datetime(9999, 1, 1, tzinfo=UTC))) is None
    assert schedule.last_us(to_us(datetime(1, 2, 1, tzinfo=UTC))) is None


def test_a_value_that_is_no_number_of_degrees_is_refused():
    for latitude, longitude in [(float("nan"), 0), (0, float("nan")), (float("inf"), 0), (0, float("-inf"))]:
        with pytest.raises(InvalidScheduleError, match="out of range"):
            solar("sunset", latitude, longitude)
