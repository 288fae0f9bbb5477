from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from astral import Observer
from astral import sun as judge

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse, solar
from beatd.schedules.moments import iso, to_us
from beatd.schedules.sun import EVENTS

SECOND = 1_000_000
HOUR = 3600 * SECOND
START, STOP = (to_us(datetime(year, 1, 1, tzinfo=UTC)) for year in (2026, 2027))


def year_of(schedule):
    found, moment = [], START - 1
    while (moment := schedule.next_us(moment)) is not None and moment < STOP:
        found.append(moment)
    return found


@pytest.mark.parametrize("event", ["sunrise", "sunset", "dawn", "dusk"])
def test_fire_times_are_those_of_astral_in_whole_seconds(event):
    ours = solar(event if event.startswith("sun") else f"{event}_civil", 52.52, 13.40)
    wanted = [
        getattr(judge, event)(Observer(52.52, 13.40), date(2026, 1, 1) + timedelta(days=day)) for day in range(365)
    ]
    assert year_of(ours) == [to_us(moment) // SECOND * SECOND for moment in wanted]


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
    ],
)
def test_a_solar_schedule_has_one_text(text, canonical):
    assert str(parse(text)) == canonical


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
        ("sun_elevation 5 rising 52 13", "not in this version"),
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
