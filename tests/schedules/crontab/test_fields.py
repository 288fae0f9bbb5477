from collections import Counter

import pytest

from beatd.schedules.crontab.fields import DAY_OF_MONTH, HOUR, MINUTE, MONTH, SECOND, YEAR, Field, Mark, bits
from beatd.schedules.crontab.reader import read_field
from beatd.schedules.crontab.rule import KINDS

NAMES = [f"report-{number}" for number in range(6_000)]


def values(kind, text, name):
    return list(bits(read_field(kind, text).under(kind, name).mask))


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        (SECOND, "H", [35]),
        (MINUTE, "H", [38]),
        (HOUR, "H", [16]),
        (DAY_OF_MONTH, "H", [14]),
        (MONTH, "H", [6]),
        (MINUTE, "H(0-29)", [8]),
        (MINUTE, "H/15", [8, 23, 38, 53]),
        (MINUTE, "H(0-29)/10,59", [8, 18, 28, 59]),
        (YEAR, "H(2026-2029)", [2028]),
    ],
)
def test_a_hash_of_a_name_is_the_same_in_every_version(kind, text, wanted):
    assert values(kind, text, "backup") == wanted


@pytest.mark.parametrize("kind", [*KINDS, YEAR])
def test_a_hash_is_spread_evenly_over_its_field(kind):
    counts = Counter(value for name in NAMES for value in values(kind, "H", name))
    assert sorted(counts) == list(range(kind.low, kind.hash_high + 1))
    fair = len(NAMES) / len(counts)
    # Chi square with n - 1 degrees of freedom: mean n - 1, standard deviation the root of 2(n - 1).
    chi_square = sum((count - fair) ** 2 / fair for count in counts.values())
    assert chi_square < len(counts) + 4 * (2 * len(counts)) ** 0.5


def test_the_fields_of_one_entry_are_hashed_independently():
    pairs = Counter((values(SECOND, "H(0-5)", name)[0], values(MINUTE, "H(0-5)", name)[0]) for name in NAMES)
    assert len(pairs) == 36
    assert max(pairs.values()) < 2 * min(pairs.values())


def test_a_step_has_each_phase_and_stays_within_the_range():
    phases = {tuple(values(MINUTE, "H(10-39)/10", name)) for name in NAMES[:200]}
    assert phases == {(10 + phase, 20 + phase, 30 + phase) for phase in range(10)}


def test_a_day_of_month_is_one_that_every_month_has():
    assert {day for name in NAMES for day in values(DAY_OF_MONTH, "H/5", name)} == set(range(1, 29))


def test_what_is_not_hashed_stays():
    field = read_field(DAY_OF_MONTH, "1,H(5-5),L")
    assert field.under(DAY_OF_MONTH, "any") == Field(1 << 1 | 1 << 5, star=False, marks=(Mark("L"),))
    plain = read_field(MINUTE, "*/5")
    assert plain.under(MINUTE, "any") is plain
