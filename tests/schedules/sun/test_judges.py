"""ephem, which shares no code with astral, finds the sun's height; here its crossings are compared with ours."""

import math
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import ephem
import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import parse
from beatd.schedules.moments import to_us

HEIGHTS = {
    "sunrise": -50 / 60,
    "sunset": -50 / 60,
    "dawn_civil": -6,
    "dusk_civil": -6,
    "dawn_nautical": -12,
    "dusk_nautical": -12,
    "dawn_astronomical": -18,
    "dusk_astronomical": -18,
    "golden_hour_morning": -4,
    "golden_hour_morning_end": 6,
    "golden_hour_evening": 6,
    "golden_hour_evening_end": -4,
    "blue_hour_morning": -6,
    "blue_hour_morning_end": -4,
    "blue_hour_evening": -4,
    "blue_hour_evening_end": -6,
    "sun_elevation 20 rising": 20,
    "sun_elevation 0.5 setting": 0.5,
    "sun_elevation -15 setting": -15,
    "sun_elevation -9.5 rising": -9.5,
}
RISING = ("dawn", "sunrise", "golden_hour_morning", "blue_hour_morning", "sun_elevation 20", "sun_elevation -9.5")
FIRST, LAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2000, 2041))
DAY = 86_400
STEP = 1800
GRAZE = 0.02
"""Degrees. Where the sun turns so near to the height, a hundredth of a degree decides whether it passes it at all."""


def sky(latitude, longitude):
    """Return the height in degrees of the sun's centre over a place, without air, at a POSIX time."""
    place, sun = ephem.Observer(), ephem.Sun()
    place.lat, place.lon, place.pressure, place.elevation = math.radians(latitude), math.radians(longitude), 0, 0

    def height(second):
        place.date = second / DAY + 25_567.5  # ephem counts days from noon of 31 December 1899
        sun.compute(place)
        return math.degrees(sun.alt)

    return height


def turning(before, middle, after):
    """Return where between -1 and 1 the parabola through three heights turns, or None."""
    bend = before - 2 * middle + after
    place = (before - after) / 2 / bend if bend else 9
    return place if -1 <= place <= 1 else None


def walk(height, start, stop):
    """Return moments and heights at every step, and where the sun turns; and the heights at which it turns."""
    samples = [(second, height(second)) for second in range(start, stop + STEP, STEP)]
    turns = []
    for (_, before), (second, middle), (_, after) in zip(samples, samples[1:], samples[2:], strict=False):
        place = turning(before, middle, after)
        if place is not None:
            moment = second + place * STEP
            turns.append((moment, height(moment)))
    return sorted(samples + turns), [high for _, high in turns]


def crossings(height, samples, wanted, rising):
    def is_before(moment):
        return (height(moment) < wanted) == rising

    found = []
    for (left, low), (right, high) in pairwise(samples):
        if (low < wanted <= high) if rising else (low >= wanted > high):
            found.append(halved(is_before, left, right))
    return found


def halved(is_before, left, right):
    while right - left > 0.5:
        middle = (left + right) / 2
        left, right = (middle, right) if is_before(middle) else (left, middle)
    return (left + right) / 2


def unmatched(events, others, most, start, stop):
    """Return the events of the window that none of the others is within ``most`` seconds of."""
    return [each for each in events if start <= each < stop and not any(abs(each - other) <= most for other in others)]


def compare(event, latitude, longitude, start, days, most):
    """Return how many events were compared, what is missing and what is invented; None if the sun grazes the height."""
    stop, wanted = start + days * DAY, HEIGHTS[event]
    height = sky(latitude, longitude)
    samples, turns = walk(height, start - 3600, stop + 3600)
    if any(abs(turn - wanted) < GRAZE for turn in turns):
        return None
    theirs = crossings(height, samples, wanted, event.startswith(RISING))
    schedule = parse(f"{event} {latitude} {longitude}")
    ours = [moment // 10**6 for moment in schedule.between_us((start - 3600) * 10**6, (stop + 3600) * 10**6)]
    missing = unmatched(theirs, ours, most, start, stop)
    invented = unmatched(ours, theirs, most, start, stop)
    backwards = schedule.last_us((stop + 3600) * 10**6)
    assert not ours or backwards == ours[-1] * 10**6
    return len(theirs), missing, invented


# Latitudes, longitudes, seconds apart at most, cases of three days, events there are at least.
REGIONS = {
    "60 S to 60 N": ((-60, 60), 90, 400, 1000),
    "north of 60 N": ((60, 89.5), 240, 150, 150),
    "south of 60 S": ((-89.5, -60), 240, 150, 150),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("region", REGIONS)
def test_no_event_of_ephem_is_missing_and_none_is_invented(region, seed):
    (south, north), most, cases, least = REGIONS[region]
    draw = random.Random(f"{region} {seed}")
    total = grazed = 0
    for _ in range(cases):
        event = draw.choice(list(HEIGHTS))
        latitude, longitude = round(draw.uniform(south, north), 4), round(draw.uniform(-180, 180), 4)
        start = draw.randrange(FIRST, LAST - 4 * DAY)
        found = compare(event, latitude, longitude, start, 3, most)
        if found is None:
            grazed += 1
            continue
        number, missing, invented = found
        total += number
        assert (missing, invented) == ([], []), (event, latitude, longitude, start)
    assert grazed < cases / 10
    assert total > least


# Weeks around the first and last days of an event, where the sun only just reaches the height.
EDGES = [
    ("sunrise", 69.65, 18.96, "2026-11-18"),
    ("sunset", 69.65, 18.96, "2027-01-08"),
    ("sunset", 69.65, 18.96, "2026-05-10"),
    ("sunrise", 69.65, 18.96, "2026-07-20"),
    ("sunrise", 67.0, -51, "2030-12-15"),
    ("sunset", -66.6, 140, "2035-12-10"),
    ("dusk_civil", 60.5, 24.9, "2026-06-01"),
    ("dawn_astronomical", 48.6, 2.35, "2026-06-01"),
    ("dusk_astronomical", -54.8, -68.3, "2026-11-01"),
    ("sunrise", 89.4, 0, "2026-03-10"),
    ("sunset", -89.4, 100, "2026-03-10"),
    ("sunset", 85, 179.99, "2026-09-01"),
    ("dawn_civil", -89.4, -179.99, "2026-10-01"),
    ("sun_elevation 20 rising", 80, 10, "2026-05-10"),
]


@pytest.mark.parametrize(("event", "latitude", "longitude", "day"), EDGES)
def test_at_the_edge_of_its_season_an_event_is_there_while_the_sun_reaches_it(event, latitude, longitude, day):
    first = int(datetime.fromisoformat(f"{day}T00:00+00:00").timestamp())
    found = [compare(event, latitude, longitude, first + number * DAY, 1, 240) for number in range(30)]
    judged = [each for each in found if each is not None]
    assert len(judged) >= 20
    assert [each[1:] for each in judged] == [([], [])] * len(judged)


@pytest.mark.parametrize(("event", "ask"), [("solar_noon", "next_transit"), ("midnight", "next_antitransit")])
def test_noon_and_midnight_are_the_transits_of_ephem(event, ask):
    draw = random.Random(event)
    for _ in range(500):
        latitude, longitude = round(draw.uniform(-90, 90), 4), round(draw.uniform(-180, 180), 4)
        start = datetime.fromtimestamp(draw.randrange(FIRST, LAST), UTC)
        place = ephem.Observer()
        place.lat, place.lon, place.pressure = math.radians(latitude), math.radians(longitude), 0
        place.date = start.replace(tzinfo=None)
        theirs = getattr(place, ask)(ephem.Sun()).datetime().replace(tzinfo=UTC)
        ours = parse(f"{event} {latitude} {longitude}").next_after(theirs - timedelta(hours=12))
        assert abs((ours - theirs).total_seconds()) <= 10, (latitude, longitude, start)


@pytest.mark.parametrize(
    ("event", "ask", "horizon", "centre"),
    [
        ("sunrise", "next_rising", "-0:34", False),
        ("sunset", "next_setting", "-0:34", False),
        ("dawn_civil", "next_rising", "-6", True),
        ("dusk_nautical", "next_setting", "-12", True),
        ("dusk_astronomical", "next_setting", "-18", True),
    ],
)
def test_an_event_is_what_ephem_is_asked_for_by_celery(event, ask, horizon, centre):
    # Celery's solar.py: the limb at -0:34 for sunrise and sunset, the centre for twilights, no pressure, no elevation.
    draw = random.Random(event)
    for _ in range(100):
        latitude, longitude = round(draw.uniform(-40, 40), 4), round(draw.uniform(-180, 180), 4)
        place = ephem.Observer()
        place.lat, place.lon = math.radians(latitude), math.radians(longitude)
        place.pressure, place.elevation, place.horizon = 0, 0, horizon
        place.date = datetime.fromtimestamp(draw.randrange(FIRST, LAST), UTC).replace(tzinfo=None)
        theirs = getattr(place, ask)(ephem.Sun(), use_center=centre).datetime().replace(tzinfo=UTC)
        ours = parse(f"{event} {latitude} {longitude}").next_after(theirs - timedelta(hours=12))
        assert abs((ours - theirs).total_seconds()) <= 30


@pytest.mark.parametrize(
    ("elevation", "latitude", "refused"),
    [
        (80, 52.5, True),
        (61, 52.5, True),
        (60.9, 52.5, False),
        (-61, -52.5, True),
        (-60.9, -52.5, False),
        (1, 89.4, False),
    ],
)
def test_a_height_is_refused_where_the_sun_of_ephem_does_not_reach_it(elevation, latitude, refused):
    height = sky(latitude, 0)
    start = to_us(datetime(2026, 1, 1, tzinfo=UTC)) // 10**6
    heights = [height(start + step * DAY // 2) for step in range(2 * 366)]  # near noon and near midnight at Greenwich
    assert (min(heights) < elevation < max(heights)) is not refused
    if refused:
        with pytest.raises(InvalidScheduleError, match="it can never fire: at that latitude the sun never"):
            parse(f"sun_elevation {elevation} rising {latitude} 0")
    else:
        assert parse(f"sun_elevation {elevation} rising {latitude} 0").next_us(start * 10**6) is not None


def test_the_window_of_a_comparison_holds_what_it_should():
    # The judge itself: a day at Greenwich has one rise, and a wrong time is found out.
    start = to_us(datetime(2026, 3, 20, tzinfo=UTC)) // 10**6
    number, missing, invented = compare("sunrise", 51.48, 0.0, start, 1, 90)
    assert (number, missing, invented) == (1, [], [])
    assert unmatched([start + 100], [start + 300], 90, start, start + DAY) == [start + 100]
