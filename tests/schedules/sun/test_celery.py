"""What Celery's solar schedule is asked, or was reported wrong for, and what ours says."""

import copy
import pickle
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import parse, solar
from beatd.schedules.sun.events import EVENTS, Crossing

CELERY = {
    "dawn_astronomical",
    "dawn_nautical",
    "dawn_civil",
    "sunrise",
    "solar_noon",
    "sunset",
    "dusk_civil",
    "dusk_nautical",
    "dusk_astronomical",
}


def at(text):
    return datetime.fromisoformat(f"{text}+00:00")


def test_every_event_of_celery_has_its_name_here():
    assert set(EVENTS) >= CELERY
    for event in CELERY:
        assert str(parse(f"{event} 60 11")) == f"{event} 60 11"


def test_an_invalid_event_is_refused_in_text_and_as_a_value():
    with pytest.raises(InvalidScheduleError, match="does not begin a schedule"):
        parse("asdqwewqew 60 60")
    with pytest.raises(InvalidScheduleError, match="the events are"):
        solar("asdqwewqew", 60, 60)


@pytest.mark.parametrize(("latitude", "longitude"), [(-90.1, 60), (90.1, 60), (60, -180.1), (60, 180.1)])
def test_an_invalid_latitude_or_longitude_is_refused(latitude, longitude):
    with pytest.raises(InvalidScheduleError, match="out of range"):
        solar("sunset", latitude, longitude)


def test_schedules_of_one_event_and_place_are_equal_and_others_are_not():
    ours = solar("sunrise", 60, 30)
    assert ours == solar("sunrise", 60.0, 30.0) == parse("sunrise 60 30")
    assert hash(ours) == hash(parse("sunrise 60 30"))
    others = [
        "sunset 60 30",
        "sunrise 61 30",
        "sunrise 60 31",
        "sunrise 60 30 offset 1m",
        "sun_elevation 0 rising 60 30",
    ]
    assert all(ours != parse(other) for other in others)
    assert ours != "sunrise 60 30"
    assert parse("sun_elevation 5 rising 60 30") != parse("sun_elevation 5 setting 60 30")


@pytest.mark.parametrize("text", ["sunrise 60 30 offset -30m", "sun_elevation -4 setting 60 30", "solar_noon 60 30"])
def test_a_pickled_or_copied_schedule_is_the_same(text):
    ours = parse(text)
    for other in (pickle.loads(pickle.dumps(ours)), copy.deepcopy(ours)):
        assert other == ours
        assert str(other) == text
        assert other.next_after(at("2026-01-01T00:00")) == ours.next_after(at("2026-01-01T00:00"))


def test_at_a_fixed_date_it_is_due_once_the_event_is_past_and_not_before():
    # Celery's own test takes latitude 48.52, longitude 2.20; the solar noon of that day is at 11:50 UTC.
    noon = solar("solar_noon", 48.52, 2.20).next_after(at("2026-07-01T00:00"))
    assert at("2026-07-01T11:50") < noon < at("2026-07-01T12:00")
    ours, moment = solar("solar_noon", 48.52, 2.20), timedelta(microseconds=1)
    assert ours.next_after(noon - moment) == noon
    assert ours.last_before(noon + moment) == noon
    assert ours.next_after(noon) > noon + timedelta(hours=23)
    assert ours.last_before(noon) < noon - timedelta(hours=23)


@pytest.mark.parametrize("event", [name for name in EVENTS if name.startswith(("dawn", "dusk"))])
def test_the_sun_is_below_the_horizon_at_every_dawn_and_dusk(event):
    # Celery once took +18 degrees for dusk_astronomical.
    passage = EVENTS[event]
    assert isinstance(passage, Crossing)
    assert passage.elevation == {"civil": -6, "nautical": -12, "astronomical": -18}[event.partition("_")[2]]
    assert passage.rising is event.startswith("dawn")
    day = at("2026-03-20T00:00")
    rise, fall = (parse(f"{name} 48.52 2.20").next_after(day) for name in ("sunrise", "sunset"))
    found = parse(f"{event} 48.52 2.20").next_after(day)
    assert found < rise if event.startswith("dawn") else found > fall


def test_sunrise_is_of_the_upper_limb_and_a_height_is_of_the_centre():
    day = at("2026-03-20T00:00")
    limb, centre = (parse(f"{head} 0 0").next_after(day) for head in ("sunrise", "sun_elevation 0 rising"))
    # On the equator at the equinox the sun climbs 15 degrees an hour: 50 minutes of arc are 200 seconds.
    assert centre - limb == pytest.approx(timedelta(seconds=200), abs=timedelta(seconds=2))


@pytest.mark.parametrize("event", EVENTS)
def test_the_next_event_is_never_in_the_past(event):
    # Celery's estimate may be before the last run, and is then due at once, for ever.
    ours, moment = parse(f"{event} -33.87 151.21"), at("2026-01-01T00:00")
    for hours in range(0, 24 * 370, 37):
        asked = moment + timedelta(hours=hours)
        assert asked < ours.next_after(asked) <= asked + timedelta(hours=25)


@pytest.mark.parametrize("event", ["sunrise", "sunset", "dawn_civil", "golden_hour_evening"])
@pytest.mark.parametrize("latitude", [69.65, 78.2, -77.85, 89.4])
def test_through_polar_day_and_night_the_next_event_is_the_one_after_them(event, latitude):
    ours, moment = parse(f"{event} {latitude} 18.96"), at("2026-01-01T00:00")
    fires = list(ours.between(moment, moment + timedelta(days=600)))
    longest = max(later - earlier for earlier, later in pairwise(fires))
    assert longest > timedelta(days=20)
    assert fires == sorted(set(fires))
    for day in range(366):
        asked = moment + timedelta(days=day)
        assert ours.next_after(asked) > asked


def test_solar_noon_and_midnight_are_daily_at_the_poles():
    for latitude in (90, -90):
        for event in ("solar_noon", "midnight"):
            ours = solar(event, latitude, 15)
            fires = list(ours.between(at("2026-01-01T00:00"), at("2027-01-01T00:00")))
            assert len(fires) == 365
    assert (
        at("2026-01-01T11:00") < solar("solar_noon", 90, 15).next_after(at("2026-01-01T00:00")) < at("2026-01-01T11:05")
    )


def test_a_decimal_latitude_from_a_database_is_read():
    ours = solar("sunset", Decimal("52.520000"), Decimal("13.400000"))
    assert ours == parse("sunset 52.520000 13.400000") == parse("sunset 52.52 13.4")
    assert str(ours) == "sunset 52.52 13.4"
