"""What was committed and when, written down by who did it; and which fires each version of a row owns by that."""

import json
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.faults.rows.table import Row
from tests.faults.rules import Rule, rule_of

ZONES = (None, "UTC", "Europe/Paris", "Asia/Kolkata")
"""Zones that there are; a row with another one is broken."""


class Calendar(NamedTuple):
    """A calendar as a statement left it; ``is_closed`` None: it is gone."""

    name: str
    moment: int
    is_closed: bool | None


class Version(NamedTuple):
    """What a name was from a moment. ``rule`` None: it names nothing; ``committed``: when all could know of it."""

    moment: int
    generation: int
    rule: Rule | None
    edit: int | None
    committed: int


class Committed(NamedTuple):
    """A transaction. ``by``: when it was surely committed; what it left, statement by statement."""

    by: int
    rows: list[Row]
    calendars: list[Calendar]


@dataclass
class Diary:
    """``problems``: moments that the triggers did not write as they should."""

    commits: list[Committed] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def lines(self) -> dict[str, list[Version]]:
        """Return the versions of each name in the order of their moments."""
        rows: dict[str, list[tuple[Row, int]]] = defaultdict(list)
        calendars: dict[str, list[tuple[Calendar, int]]] = defaultdict(list)
        for commit in self.commits:
            for row in commit.rows:
                rows[row.name].append((row, commit.by))
            for calendar in commit.calendars:
                calendars[calendar.name].append((calendar, commit.by))
        for each in (*rows.values(), *calendars.values()):
            each.sort(key=lambda told: told[0].moment)
        return {name: _line(told, calendars) for name, told in rows.items()}

    def write(self, file: Path) -> None:
        """Write all of it into a file, for who looks into a failure."""
        lines = ({"by": each.by, "rows": each.rows, "calendars": each.calendars} for each in self.commits)
        file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def _line(told: list[tuple[Row, int]], calendars: dict[str, list[tuple[Calendar, int]]]) -> list[Version]:
    versions = []
    for place, (row, by) in enumerate(told):
        end = told[place + 1][0].moment if place + 1 < len(told) else None
        days = calendars.get(row.exclude.removeprefix("calendar "), []) if row.exclude else []
        begin = bisect_right(days, row.moment, key=lambda each: each[0].moment)
        versions.append(_version(row, row.moment, days[begin - 1][0] if begin else None, by))
        for calendar, later in days[begin:]:
            if end is None or calendar.moment < end:
                versions.append(_version(row, calendar.moment, calendar, max(by, later)))
    return versions


def _version(row: Row, moment: int, calendar: Calendar | None, by: int) -> Version:
    # Without an edit its call is broken: no list of arguments.
    fires = row.schedule is not None and row.is_enabled and row.timezone in ZONES and row.edit is not None
    if row.exclude is not None and (calendar is None or calendar.is_closed is not False):
        fires = False  # a calendar that closes these days, or none
    try:
        rule = rule_of(row.schedule or "") if fires else None
    except ValueError:
        rule = None  # broken
    return Version(moment, row.generation, rule, row.edit, by)
