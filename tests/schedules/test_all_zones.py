"""A fixed set of crontabs on every zone of tzdata, around the changes of its clock that are the oddest."""

from itertools import pairwise

import pytest

from beatd.schedules import Terms, parse
from beatd.schedules.zones import Zone
from tests.schedules.changes import DAY, FIRST, LAST, NAMES, ZoneInfo, changes, distinct, telling
from tests.schedules.oracle import Rule
from tests.schedules.walk import Walk

TEXTS = [
    "* * * * *",
    "*/20 * * * *",
    "0 * * * *",
    "30 2 * * *",
    "0 0 * * *",
    "15,45 0-3 * * *",
    "59 23 * * sun-thu",
    "5 */2 * * mon-fri",
    "0 12 * * *",
    "45 22-1 * * *",
    "10 3 1-7,L * &sun",
    "0 1,13 LW * fri#2",
]
WITH_SECONDS = ["*/10 * * * * *", "0,7,30,59 */5 * * * *", "45 30 0-3 * * *", "15,16 0,1 * * * *", "9 * 0 * * *"]
SHARE = 12
HOUR = 3600


def _agree(text, walk, gap=None, fold=None):
    schedule = parse(text, Terms(timezone=walk.timezone, gap=gap, fold=fold))
    wanted = [instant * 1_000_000 for instant in walk.fires(Rule(text), gap, fold)]
    low, high = walk.start * 1_000_000, walk.stop * 1_000_000
    where = f"{text!r} in {walk.timezone}, gap={gap}, fold={fold}, from {walk.start} to {walk.stop}"
    assert list(schedule.between_us(low - 1, high - 1)) == wanted, where
    backward, moment = [], high
    while (moment := schedule.last_us(moment)) is not None and moment >= low:
        backward.append(moment)
    assert backward[::-1] == wanted, where
    assert schedule.count_us(low - 1, high - 1) == len(wanted), where


def _judge(key, change):
    reach = 5 * HOUR + abs(change.by)
    margin = 4 * HOUR + abs(change.by)
    walk = Walk(key, change.at - reach, change.at + reach, margin=margin)
    for place, text in enumerate(TEXTS):
        _agree(text, walk)
        _agree(text, walk, ("shift", "skip")[place % 2], ("second", "both", "first")[place % 3])


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARE))
def test_every_zone_fires_when_a_walk_of_its_clock_says(share):
    judged = 0
    for key in distinct()[share::SHARE]:
        for change in telling(key):
            _judge(key, change)
            judged += 1
    assert judged > len(distinct()) // SHARE


@pytest.mark.slow
def test_so_does_every_name_that_a_zone_also_has():
    links = sorted(set(NAMES) - set(distinct()))
    for key in links:
        for change in telling(key)[-1:]:
            _judge(key, change)
    assert len(links) > 100


@pytest.mark.parametrize("key", distinct()[::23])
def test_some_of_them_are_judged_by_the_quick_tests_too(key):
    for change in telling(key)[:2]:
        _judge(key, change)


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARE))
def test_seconds_are_told_apart_where_a_clock_is_off_by_some(share):
    for key in distinct()[share::SHARE]:
        for change in [change for change in telling(key) if change.by % 60 and abs(change.by) < 3 * HOUR][:1]:
            reach = HOUR // 2 + abs(change.by)
            walk = Walk(key, change.at - reach, change.at + reach, step=1, margin=HOUR + abs(change.by))
            for text in WITH_SECONDS:
                _agree(text, walk)
                _agree(text, walk, "shift", "second")


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARE))
def test_the_segments_of_a_zone_begin_where_its_file_says(share):
    for key in distinct()[share::SHARE]:
        zone, found, second = Zone(ZoneInfo(key), key), [], FIRST
        segment = zone.at(second)
        while segment.end < LAST:
            following = zone.at(segment.end)
            if following.offset != segment.offset:
                found.append((following.start, following.offset - segment.offset))
            segment = following
        assert found == changes(key), key


def test_no_clock_is_changed_twice_within_a_day():
    # Why it is enough that the engine looks at each zone once a day.
    for key in distinct():
        known = changes(key)
        assert all(later.at - earlier.at > 3 * DAY for earlier, later in pairwise(known)), key


def test_the_oddities_are_there():
    every = {(key, change.by) for key in distinct() for change in changes(key)}
    shifts = {by for _, by in every}
    assert any(by >= DAY for by in shifts)  # a day skipped, at the date line
    assert any(by <= -DAY + 2 * HOUR for by in shifts)  # a day lived twice
    assert any(3 * HOUR < by < DAY for by in shifts), "a gap longer than three hours, though not of a day"
    assert 2 * HOUR in shifts
    assert 1800 in shifts
    assert any(by % 60 for by in shifts)
    fourths = [
        (known[place + 3].at - known[place].at) for known in map(changes, distinct()) for place in range(len(known) - 3)
    ]
    assert min(fourths) < 200 * DAY  # four changes within seven months
