"""Crontabs over changes of the clocks, as Celery computes them, and what beatd does otherwise.

Each difference names the section of docs/migrating.md that explains it.
"""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

GUIDE = Path(__file__).parents[3] / "docs" / "migrating.md"
CRONTABS = {
    "02:30": "30 2 * * *",
    "02:00 and 02:30": "0,30 2 * * *",
    "quarters from 02:00": "*/15 2 * * *",
    "03:15": "15 3 * * *",
    "09:00": "0 9 * * *",
    "midnight": "0 0 * * *",
    "00:30": "30 0 * * *",
    "hourly": "0 * * * *",
    "quarters": "*/15 * * * *",
    "every six hours": "0 */6 * * *",
}
BEGINS = {
    "Europe/Berlin": ("2026-11-21T10:07", "2026-03-28T12:00", "2026-10-24T12:00"),
    "America/New_York": ("2026-03-07T12:00", "2026-10-31T12:00"),
    "Australia/Lord_Howe": ("2026-10-03T02:00", "2026-04-04T02:00"),
    "America/Havana": ("2026-03-07T12:00", "2026-10-31T12:00"),
}
CASES = [(zone, begin, name) for zone, begins in BEGINS.items() for begin in begins for name in CRONTABS]

_CLOCKS = "When the clocks change"
_LATE = (_CLOCKS, "a moment in the gap: at its end, not as much later")
_NEVER = (_CLOCKS, "a star in minute or hour: nothing fires for readings that do not exist")
_TWICE = (_CLOCKS, "a star in minute or hour: the repeated hour has its fires too")
# (zone, the day the clocks change, crontab) → why, what is Celery's alone, what is ours alone.
DIFFERENCES = {
    ("Europe/Berlin", "2026-03-28", "02:30"): (_LATE, ["03-29T01:30"], ["03-29T01:00"]),
    ("Europe/Berlin", "2026-03-28", "quarters from 02:00"): (_NEVER, ["03-29T01:00"], []),
    ("Europe/Berlin", "2026-10-24", "hourly"): (_TWICE, [], ["10-25T01:00"]),
    ("Europe/Berlin", "2026-10-24", "quarters"): (
        _TWICE, [], ["10-25T01:00", "10-25T01:15", "10-25T01:30", "10-25T01:45"],
    ),
    ("Europe/Berlin", "2026-10-24", "quarters from 02:00"): (
        _TWICE, [], ["10-25T01:00", "10-25T01:15", "10-25T01:30", "10-25T01:45"],
    ),
    ("America/New_York", "2026-03-07", "02:30"): (_LATE, ["03-08T07:30"], ["03-08T07:00"]),
    ("America/New_York", "2026-03-07", "quarters from 02:00"): (_NEVER, ["03-08T07:00"], []),
    ("America/New_York", "2026-10-31", "hourly"): (_TWICE, [], ["11-01T06:00"]),
    ("America/New_York", "2026-10-31", "quarters"): (
        _TWICE, [], ["11-01T06:00", "11-01T06:15", "11-01T06:30", "11-01T06:45"],
    ),
    ("Australia/Lord_Howe", "2026-10-03", "hourly"): (_NEVER, ["10-03T15:30"], []),
    ("Australia/Lord_Howe", "2026-04-04", "quarters"): (_TWICE, [], ["04-04T15:00", "04-04T15:15"]),
    ("America/Havana", "2026-03-07", "00:30"): (_LATE, ["03-08T05:30"], ["03-08T05:00"]),
    ("America/Havana", "2026-03-07", "every six hours"): (_NEVER, ["03-08T05:00"], []),
    ("America/Havana", "2026-10-31", "hourly"): (_TWICE, [], ["11-01T05:00"]),
    ("America/Havana", "2026-10-31", "quarters"): (
        _TWICE, [], ["11-01T05:00", "11-01T05:15", "11-01T05:30", "11-01T05:45"],
    ),
    ("America/Havana", "2026-10-31", "every six hours"): (_TWICE, [], ["11-01T05:00"]),
}  # fmt: skip


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def compare(case, schedule, theirs):
    """Compare 100 fires of a schedule with Celery's own: equal, but for what the table says."""
    zone, begin, name = case
    assert len(theirs) == 100
    judged, ours = Counter(theirs), Counter(schedule.between(moment(begin), theirs[-1]))
    _, missing, more = DIFFERENCES.get((zone, begin[:10], name), (None, [], []))
    assert [f"{each:%m-%dT%H:%M}" for each in sorted((judged - ours).elements())] == missing, case
    assert [f"{each:%m-%dT%H:%M}" for each in sorted((ours - judged).elements())] == more, case


def headings():
    return {line.lstrip("#").strip() for line in GUIDE.read_text().splitlines() if line.startswith("#")}
