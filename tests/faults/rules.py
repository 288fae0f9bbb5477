"""When the schedules of the fault tests fire: arithmetic of the judge's own."""

import re
from typing import NamedTuple

SECOND = 1_000_000
UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
_PART = re.compile(r"(\d+)(ms|s|m|h)")
_EVERY = re.compile(r"every ((?:\d+(?:ms|s|m|h))+)(?: offset ((?:\d+(?:ms|s|m|h))+))?")
_SECONDS = re.compile(r"\*(?:/(\d+))? \* \* \* \* \*")


class Rule(NamedTuple):
    """Every multiple of ``period`` plus ``offset``, in microseconds since the epoch."""

    period: int
    offset: int = 0

    def fires(self, since: int, until: int) -> range:
        """Return what it names in (since, until]."""
        return range(since + 1 + (self.offset - since - 1) % self.period, until + 1, self.period)

    def names(self, moment: int) -> bool:
        return (moment - self.offset) % self.period == 0


def rule_of(text: str) -> Rule:
    """Return the rule of an interval, or of a crontab that divides the minute evenly."""
    if found := _EVERY.fullmatch(text):
        period, offset = found.groups("")
        return Rule(_span(period), _span(offset))
    if found := _SECONDS.fullmatch(text):
        return Rule(int(found[1] or 1) * SECOND)
    raise ValueError(text)


def _span(text: str) -> int:
    return sum(int(count) * UNITS[unit] for count, unit in _PART.findall(text))
