"""Every change of the clock that tzdata knows, as the files of the zones write them (TZif, RFC 9636)."""

import struct
from functools import cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple
from zoneinfo import TZPATH, ZoneInfo, available_timezones

from tests.schedules.walk import offset

DAY = 86_400
FIRST, LAST = -4_100_000_000, 2_240_000_000  # 1840 to 2040, in seconds since the epoch
NAMES = sorted(available_timezones() - {"localtime"})


class Change(NamedTuple):
    """A second at which the offset from UTC is another than in the second before, and by how much."""

    at: int
    by: int


def written(key):
    """Return the bytes of a zone's file, the one that zoneinfo reads."""
    for folder in TZPATH:
        if Path(folder, key).is_file():
            return Path(folder, key).read_bytes()
    *packages, name = key.split("/")
    return resources.files(".".join(["tzdata.zoneinfo", *packages])).joinpath(name).read_bytes()


@cache
def changes(key):
    """Return the changes of a zone's offset from 1840 to 2040, in order."""
    zone = ZoneInfo(key)
    # What the file leaves to the rule in its last line changes at most a few times a year.
    later = [second for second in range(2_110_000_000, LAST, DAY) if offset(zone, second) != offset(zone, second - DAY)]
    moments = sorted({*_moments(written(key)), *(_exactly(zone, second - DAY, second) for second in later)})
    found = (Change(at, offset(zone, at) - offset(zone, at - 1)) for at in moments if FIRST < at < LAST)
    return [change for change in found if change.by]


def _moments(data):
    """Return the transition times of the second, 64-bit, half of a TZif file."""
    first = _sizes(data, 0)
    start = 44 + first[3] * 5 + first[4] * 6 + first[5] + first[2] * 8 + first[1] + first[0]
    number = _sizes(data, start)[3]
    return struct.unpack_from(f">{number}q", data, start + 44)


def _sizes(data, start):
    return struct.unpack_from(">6L", data, start + 20)


def _exactly(zone, low, high):
    after = offset(zone, high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if offset(zone, middle) == after else (middle, high)
    return high


@cache
def distinct():
    """Return one name for each set of clocks: many names are links."""
    return sorted({written(key): key for key in reversed(NAMES)}.values())


def telling(key):
    """Return a few changes worth looking at: the first, the largest, the closest to each other, the last ones."""
    known = changes(key)
    if not known:
        return []
    closest = min(range(1, len(known)), key=lambda place: known[place].at - known[place - 1].at, default=0)
    largest, smallest = max(known, key=lambda change: change.by), min(known, key=lambda change: change.by)
    odd = [change for change in known if change.by % 1800]
    return sorted({known[0], largest, smallest, known[closest], known[closest - 1], *known[-2:], *odd[-1:]})
