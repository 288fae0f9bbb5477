"""Cron is the judge of crontabs: the next 100 starts of each line, walked minute by minute, are our fires."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from beatd.app.importing.crontab import read_crontab
from beatd.core.compiling import schedule_of
from tests.app.importing.cronwalk import walk

GUIDE = Path(__file__).parents[3] / "docs" / "migrating.md"
OFTEN = [
    *("* * * * *", "*/5 * * * *", "*/7 * * * *", "0 * * * *", "17 * * * *", "@hourly", "5/20 3 * * *", "*/90 * * * *"),
    *("*/15 9-17 * * mon-fri", "0 9-18/2 * * 1-5", "10-50/10 0,12 * * *", "23 0-23/2 * * *", "0 */6 * * *"),
    *("30 2 * * *", "0,30 2 * * *", "15,45 1-3 * * *", "0 2-3 * * *", "* 2 * * *", "0 0 * * *", "@daily", "@midnight"),
]
LINES = [
    *("5 4 * * sun", "5 4 * * 7", "0 0 * * 5-7", "0 0 * * 0-7", "0 0 * * */2", "0 0 * * */7", "0 22 * * MON-FRI"),
    *("0 0 1,15 * 1", "0 0 13 * fri", "0 0 */2 * fri", "0 0 */40 * 5", "0 0 *,5 * 3", "0 6 1-7 * 1", "@weekly"),
]
SELDOM = ["@monthly", "0 0 1 * *", "30 3 28-31 * *", "0 3 * jan,jul *", "59 23 31 12 *", "0 12 29 2 *", "@yearly"]
BEGINS = {
    "an ordinary day": ("UTC", "2026-11-21T10:07"),
    "Berlin, forward": ("Europe/Berlin", "2026-03-28T12:00"),
    "Berlin, back": ("Europe/Berlin", "2026-10-24T12:00"),
    "New York, forward": ("America/New_York", "2026-03-07T12:00"),
    "New York, back": ("America/New_York", "2026-10-31T12:00"),
    "Lord Howe, half an hour forward": ("Australia/Lord_Howe", "2026-10-03T02:00"),
    "Lord Howe, half an hour back": ("Australia/Lord_Howe", "2026-04-04T02:00"),
    "Havana, forward at midnight": ("America/Havana", "2026-03-07T12:00"),
    "Havana, back at one": ("America/Havana", "2026-10-31T12:00"),
    "Apia, a day left out": ("Pacific/Apia", "2011-12-28T00:00"),
}

# What differs, each with the section of docs/migrating.md that explains it: (when it begins, line) to the starts that
# are cron's alone, and those that are ours alone.
MERGED = "When the clocks change"
DIFFERENCES = {
    ("Berlin, forward", "0,30 2 * * *"): (MERGED, ["2026-03-29T01:00"], []),
    ("Berlin, forward", "15,45 1-3 * * *"): (MERGED, ["2026-03-29T01:00"], []),
    ("Berlin, forward", "0 2-3 * * *"): (MERGED, ["2026-03-29T01:00"], []),
    ("New York, forward", "0,30 2 * * *"): (MERGED, ["2026-03-08T07:00"], []),
    ("New York, forward", "15,45 1-3 * * *"): (MERGED, ["2026-03-08T07:00"], []),
    ("New York, forward", "0 2-3 * * *"): (MERGED, ["2026-03-08T07:00"], []),
    ("Havana, forward at midnight", "10-50/10 0,12 * * *"): (MERGED, 4 * ["2026-03-08T05:00"], []),
    ("Lord Howe, half an hour forward", "0,30 2 * * *"): (MERGED, ["2026-10-03T15:30"], []),
}


def ours(line, zone, start, until):
    found = read_crontab(f"{line} true\n".encode(), "crontab", timezone=zone)
    (entry,) = found.entries
    return list(schedule_of(entry.entry()).between(start, until))


def compare(begin, line, count):
    zone, text = BEGINS[begin]
    start = datetime.fromisoformat(text).replace(tzinfo=UTC)
    theirs = walk(line, zone, start, count)
    found = Counter(ours(line, zone, start, theirs[-1]))
    judged = Counter(theirs)
    _, missing, more = DIFFERENCES.get((begin, line), (None, [], []))
    assert [f"{each:%Y-%m-%dT%H:%M}" for each in sorted((judged - found).elements())] == missing
    assert [f"{each:%Y-%m-%dT%H:%M}" for each in sorted((found - judged).elements())] == more


@pytest.mark.parametrize("begin", BEGINS)
@pytest.mark.parametrize("line", OFTEN)
def test_a_line_fires_when_cron_starts_it(line, begin):
    compare(begin, line, 100)


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_some_days_fires_then_too(line):
    compare("an ordinary day", line, 100)


@pytest.mark.parametrize("line", SELDOM)
def test_a_line_that_seldom_fires_does_too(line):
    compare("an ordinary day", line, 30)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("begin", [begin for begin in BEGINS if begin != "an ordinary day"])
@pytest.mark.parametrize("line", LINES + SELDOM)
def test_a_line_that_seldom_fires_does_so_for_a_hundred_times(line, begin):
    compare(begin, line, 100)


def test_each_difference_is_explained():
    headings = {line.lstrip("# ").strip() for line in GUIDE.read_text().splitlines() if line.startswith("#")}
    assert {section for section, _, _ in DIFFERENCES.values()} <= headings
