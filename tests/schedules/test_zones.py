from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from beatd.errors import InvalidScheduleError
from beatd.schedules import Terms, parse
from beatd.schedules.zones import Zone, zone

START = int(datetime(1900, 1, 1, tzinfo=UTC).timestamp())
STOP = int(datetime(2090, 1, 1, tzinfo=UTC).timestamp())
NAMES = ["Europe/Paris", "Asia/Gaza", "America/Argentina/Tucuman", "Africa/Casablanca", "Asia/Manila", "America/Recife"]


def segments(key, start=START, stop=STOP):
    found = []
    at = zone(key).at
    while start < stop:
        found.append(at(start))
        start = found[-1].end
    return found


@pytest.mark.parametrize("key", NAMES)
def test_no_change_of_a_zone_is_overlooked(key):
    info = ZoneInfo(key)
    probes = range(START, STOP, 8 * 3600)
    lookup = iter(segments(key))
    segment = next(lookup)
    for probe in probes:
        while probe >= segment.end:
            segment = next(lookup)
        assert segment.offset == datetime.fromtimestamp(probe, info).utcoffset().total_seconds()


def test_a_segment_begins_at_the_very_second_of_the_change():
    change = int(datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp())
    segment = zone("Europe/Paris").at(change)
    assert segment.start == change
    assert segment.offset == 7200
    assert segment.gap == change + 3600
    before = zone("Europe/Paris").at(change - 1)
    assert (before.end, before.offset) == (change, 3600)


def test_a_fold_tells_which_readings_were_there_before():
    change = int(datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp())
    segment = zone("Europe/Paris").at(change)
    assert segment.fresh == change + 7200
    assert zone("Europe/Paris").at(change - 1).again == change + 3600
    assert segment.gap == change + 3600


def test_a_gap_longer_than_three_hours_shifts_nothing():
    change = int(datetime(2011, 12, 30, 10, tzinfo=UTC).timestamp())
    segment = zone("Pacific/Apia").at(change)
    assert segment.gap == segment.start + segment.offset


def test_segments_do_not_depend_on_what_was_asked_before():
    forwards, backwards = (Zone(ZoneInfo("Europe/Paris"), "Europe/Paris") for _ in range(2))
    hours = [START + hour * 40_000 for hour in range(5000)]
    assert [forwards.at(hour) for hour in hours] == [backwards.at(hour) for hour in reversed(hours)][::-1]


def test_the_years_before_one_and_after_9999_have_the_nearest_offset():
    assert zone("Europe/Paris").at(-(10**13)).offset == 561  # local mean time, as zoneinfo has it
    assert zone("UTC").at(10**13).offset == 0


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("Europe/Pariss", "did you mean Europe/Paris"),
        ("Berlin", "did you mean Europe/Berlin"),
        ("europe/berlin", "did you mean Europe/Berlin"),
        ("America/New York", "did you mean America/New_York"),
        ("Mars/Olympus", "unknown time zone 'Mars/Olympus'"),
        ("", "unknown time zone ''"),
        ("../../etc/passwd", "unknown time zone"),
        ("Europe", "unknown time zone 'Europe'"),
        ("localtime", "not an IANA time zone"),
        ("right/UTC", "not an IANA time zone"),
        ("x\0y", "unknown time zone"),
    ],
)
@pytest.mark.parametrize("text", ["0 8 * * *", "every 5m", "sunset 52 13", "at 2026-12-24T18:00"])
def test_an_unknown_zone_is_refused_with_the_nearest_names(text, key, said):
    with pytest.raises(InvalidScheduleError) as caught:
        parse(text, Terms(timezone=key))
    assert said in str(caught.value)


def test_a_gap_ends_where_the_zone_says_even_at_the_edge_of_what_is_kept():
    # The tables are kept in blocks of 2**24 seconds; a change exactly at or near such an edge is like any other.
    for key in ("Europe/Paris", "America/New_York", "Australia/Lord_Howe"):
        found = [segment for segment in segments(key, 0) if segment.gap < segment.start + segment.offset]
        walked = {segment.start for segment in found}
        for year in range(1990, 2030):
            start = datetime(year, 1, 1, tzinfo=UTC)
            info = ZoneInfo(key)
            for day in range(366):
                moment = start + timedelta(days=day)
                before, after = (each.astimezone(info).utcoffset() for each in (moment, moment + timedelta(days=1)))
                if after > before:
                    low, high = moment.timestamp(), (moment + timedelta(days=1)).timestamp()
                    assert any(low < change <= high for change in walked), (key, moment)
