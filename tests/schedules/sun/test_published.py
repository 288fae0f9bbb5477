"""Times that observatories published; a minute is as they round it."""

from datetime import datetime, timedelta

import pytest

from beatd.schedules import parse

# U.S. Naval Observatory, Astronomical Applications Department, "Rise and Set for the Sun", Universal Time: the pages
# that github.com/cosinekitty/astronomy keeps in generate/riseset (sun_2019_E000_N80, sun_2019_W150_S60).
NORTH_80 = """
sunrise 2019-02-21 11:20 2019-02-22 10:52 2019-03-01 09:02 2019-03-20 05:55 2019-04-01 03:58 2019-04-12 01:25
sunset  2019-02-21 13:10 2019-02-22 13:38 2019-03-01 15:25 2019-03-20 18:25 2019-04-01 20:17 2019-04-12 23:02
sunrise 2019-04-13 00:57 2019-08-31 01:03 2019-09-01 01:29 2019-09-23 05:33 2019-10-20 10:29 2019-10-21 11:03
sunset  2019-08-30 23:01 2019-08-31 22:34 2019-09-01 22:13 2019-09-23 18:08 2019-10-20 12:58 2019-10-21 12:23
"""
SOUTH_60 = """
sunrise 2019-01-01 12:43 2019-03-20 16:00 2019-06-01 18:47 2019-06-21 19:06 2019-09-23 15:45 2019-12-21 12:32
sunset  2019-01-01 07:24 2019-03-20 04:16 2019-06-01 01:10 2019-06-21 00:58 2019-09-23 03:59 2019-12-21 07:24
"""
# The same department's table for 2022 at 88 degrees south (sun_2022_E45_S88): two sunrises on 24 September.
SOUTH_88 = """
sunrise 2022-03-17 22:18 2022-03-18 23:56 2022-03-20 00:58 2022-03-21 01:50 2022-03-26 06:00 2022-03-27 07:19
sunset  2022-03-17 20:13 2022-03-18 18:35 2022-03-19 17:34 2022-03-21 15:57 2022-03-26 11:56 2022-03-27 10:37
sunrise 2022-09-16 07:08 2022-09-20 03:28 2022-09-23 01:14 2022-09-24 00:24 2022-09-24 23:23 2022-09-25 21:45
sunset  2022-09-16 10:56 2022-09-20 14:40 2022-09-23 17:04 2022-09-24 18:06 2022-09-25 19:43
"""
# The same department's values that Skyfield's test_almanac.py compares with: Bluffton and Defiance, Ohio.
BLUFFTON = """
sunrise 2018-09-12 11:13
sunset  2018-09-12 23:50
"""
DEFIANCE = """
dawn_astronomical 2019-11-08 10:42
dawn_nautical 2019-11-08 11:15
dawn_civil 2019-11-08 11:48
sunrise 2019-11-08 12:17
sunset 2019-11-08 22:25
dusk_civil 2019-11-08 22:54
dusk_nautical 2019-11-08 23:27
dusk_astronomical 2019-11-08 23:59
"""
# The same department's table for Birmingham, Alabama, as rubydoc.info/gems/usno-transit quotes it; zone 6 h west.
BIRMINGHAM = """
dawn_civil 2013-11-17 05:54 2013-11-18 05:55 2013-11-19 05:56 2013-11-20 05:57 2013-11-21 05:58
sunrise    2013-11-17 06:21 2013-11-18 06:22 2013-11-19 06:23 2013-11-20 06:24 2013-11-21 06:25
solar_noon 2013-11-17 11:32 2013-11-18 11:33 2013-11-19 11:33 2013-11-20 11:33 2013-11-21 11:33
sunset     2013-11-17 16:43 2013-11-18 16:43 2013-11-19 16:42 2013-11-20 16:42 2013-11-21 16:42
dusk_civil 2013-11-17 17:10 2013-11-18 17:09 2013-11-19 17:09 2013-11-20 17:09 2013-11-21 17:08
"""
# The same department's table for Fredonia, Arizona, as Skyfield keeps it; zone 7 h west.
FREDONIA = """
sunrise 2023-01-04 07:44 2023-03-20 06:34 2023-06-10 05:10 2023-09-23 06:19 2023-12-21 07:39 2023-12-31 07:43
sunset  2023-01-04 17:27 2023-03-20 18:42 2023-06-28 19:54 2023-09-23 18:26 2023-12-05 17:13 2023-12-31 17:23
"""
# "Sun and Moon Data for One Day" of the same department for Tromso, as quoted at answers.com ("How many hour of
# daylight in north Norway in April"); one hour east.
TROMSO = """
dawn_civil 2014-04-01 03:46
sunrise    2014-04-01 04:50 2014-04-30 02:29
solar_noon 2014-04-01 11:48 2014-04-30 11:41
sunset     2014-04-01 18:49 2014-04-30 20:58
dusk_civil 2014-04-01 19:53
"""
# The worked example of Reda and Andreas, "Solar Position Algorithm for Solar Radiation Applications", NREL/TP-560-34302
# (Golden, Colorado, 17 October 2003; zone 7 h west), to the second. Its sunset is that of the evening before: it takes
# the one of the UT day.
GOLDEN = """
sunrise    2003-10-17 06:12:43
solar_noon 2003-10-17 11:46:05
"""

# Place, zone in hours east, table, seconds between a published time and ours at most (half a minute is rounding).
TABLES = {
    "80 N": ("80 0", 0, NORTH_80, 90),
    "60 S": ("-60 -150", 0, SOUTH_60, 45),
    "88 S": ("-88 45", 0, SOUTH_88, 240),
    "Bluffton": ("40.8939 -83.8917", 0, BLUFFTON, 45),
    "Defiance": ("41.281944 -84.362778", 0, DEFIANCE, 45),
    "Birmingham": ("33.53 -86.81", -6, BIRMINGHAM, 45),
    "Fredonia": ("36.95 -112.52", -7, FREDONIA, 45),
    "Tromso": ("69.5 19", 1, TROMSO, 90),
    "Golden": ("39.742476 -105.1786", -7, GOLDEN, 5),
}


def lines(table):
    for line in table.split("\n"):
        event, *words = line.split() or [None]
        for day, clock in zip(words[::2], words[1::2], strict=True):
            yield event, f"{day}T{clock}"


CASES = [(name, event, moment) for name, (_, _, table, _) in TABLES.items() for event, moment in lines(table)]


@pytest.mark.parametrize(("name", "event", "moment"), CASES)
def test_a_published_time_is_ours(name, event, moment):
    place, zone, _, most = TABLES[name]
    published = datetime.fromisoformat(f"{moment}+00:00") - timedelta(hours=zone)
    ours = parse(f"{event} {place}")
    found = ours.next_after(published - timedelta(minutes=40))
    assert abs((found - published).total_seconds()) <= most


@pytest.mark.parametrize(
    ("event", "last", "following"),
    [
        ("sunrise", "2019-04-13", "2019-08-31"),
        ("sunset", "2019-04-12", "2019-08-30"),
        ("sunrise", "2019-10-21", "2020"),
    ],
)
def test_between_the_last_and_the_first_of_a_polar_season_nothing_fires(event, last, following):
    found = parse(f"{event} 80 0").next_after(datetime.fromisoformat(f"{last}T23:30+00:00"))
    assert found.isoformat().startswith(following)


def test_the_two_sunrises_of_one_day_near_the_pole_are_both_there():
    day = datetime.fromisoformat("2022-09-24T00:00+00:00")
    assert len(list(parse("sunrise -88 45").between(day, day + timedelta(days=1)))) == 2


@pytest.mark.parametrize("event", ["sunrise", "sunset"])
def test_a_year_at_88_degrees_south_has_the_events_of_the_table_and_no_more(event):
    # sun_2022_E45_S88: rises 17 to 27 March but none on the 19th, 16 to 25 September with two on the 24th; sets 17 to
    # 27 March and 16 to 25 September.
    start, stop = (datetime.fromisoformat(f"{year}-01-01T00:00+00:00") for year in (2022, 2023))
    found = [moment.day for moment in parse(f"{event} -88 45").between(start, stop)]
    march = [*range(17, 19), *range(20, 28)] if event == "sunrise" else [*range(17, 28)]
    autumn = [*range(16, 25), 24, 25] if event == "sunrise" else [*range(16, 26)]
    assert found == march + autumn
