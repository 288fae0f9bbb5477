from datetime import datetime

import pytest

from beatd.schedules import Terms, parse
from beatd.schedules.bounds import bounded
from beatd.schedules.describe import local_fires
from beatd.schedules.moments import to_us

PARIS = Terms(timezone="Europe/Paris")


def described(text, after, count, terms=PARIS):
    fires = local_fires(parse(text), terms, to_us(datetime.fromisoformat(after)), count)
    return [(fire.local.strftime("%d %H:%M %z"), fire.note) for fire in fires]


def test_a_shifted_fire_is_marked():
    assert described("30 2 * * *", "2026-03-28T12:00Z", 2) == [("29 03:00 +0200", "gap"), ("30 02:30 +0200", None)]
    assert described("at 2026-03-29T02:30", "2026-03-01T00:00Z", 2) == [("29 03:00 +0200", "gap")]


def test_a_fire_that_is_due_there_anyhow_is_not():
    assert described("0 2,3 * * *", "2026-03-28T12:00Z", 1) == [("29 03:00 +0200", None)]
    assert described("30 2 * * * | 0 3 * * *", "2026-03-28T12:00Z", 1) == [("29 03:00 +0200", None)]


def test_the_passes_of_a_fold_are_told_apart():
    assert described("30 * * * *", "2026-10-25T00:00Z", 3) == [
        ("25 02:30 +0200", "first pass"),
        ("25 02:30 +0100", "second pass"),
        ("25 03:30 +0100", None),
    ]


def test_what_ends_ends():
    assert described("at 2026-12-24T18:00", "2026-01-01T00:00Z", 5) == [("24 18:00 +0100", None)]
    assert described("at 2026-12-24T18:00", "2027-01-01T00:00Z", 5) == []
    assert described("every 1h", "2027-01-01T00:00Z", 0) == []


def test_moments_come_with_their_microseconds_and_zone():
    (fire,) = local_fires(parse("every 1h"), PARIS, 0, 1)
    assert fire.us == 3_600_000_000
    assert fire.local.tzinfo.key == "Europe/Paris"


@pytest.mark.parametrize("text", ["0 8 * * *", "at 2026-03-29T02:30 | 0 9 * * *"])
def test_bounds_are_kept(text):
    start = to_us(datetime.fromisoformat("2026-03-29T05:00Z"))
    fires = local_fires(bounded(parse(text), start, start + 86_400_000_000), PARIS, 0, 5)
    assert [fire.note for fire in fires] == [None]


@pytest.mark.parametrize(
    ("timezone", "after", "shown"),
    [
        ("Asia/Tokyo", "9999-12-31T12:30Z", ["31 22:00 +0900", "31 23:00 +0900"]),
        ("America/New_York", "0001-01-01T00:30Z", ["01 00:03 -045602"]),
    ],
)
def test_the_ends_of_time_are_told_as_far_as_a_zone_can_show_them(timezone, after, shown):
    found = described("every 1h", after, 4, Terms(timezone=timezone))
    assert [local for local, _ in found][: len(shown)] == shown
    assert len(found) == (2 if timezone == "Asia/Tokyo" else 4)
