"""A second opinion on crontabs: walks the real clock minute by minute, and knows only zoneinfo and the written rule.

Shares no code with beatd. Slow on purpose: every line can be checked by eye.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

LONGEST_SHIFTED = timedelta(hours=3)
NAMES = {name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}


def values(field, low, high):
    """Return the numbers that a field lets through."""
    found = set()
    for item in field.split(","):
        body, _, step = item.partition("/")
        first, _, last = body.partition("-")
        if body == "*":
            first, last = low, high
        else:
            first, last = (int(NAMES.get(word, word)) for word in (first, last or first))
        wraps = last < first
        run = [*range(first, high + 1), *range(low, last + 1)] if wraps else list(range(first, last + 1))
        found.update(run[:: int(step or 1)])
    return found


class Rule:
    """A crontab of five fields, or six with seconds first."""

    def __init__(self, text):
        words = text.split()
        self.second = values(words.pop(0), 0, 59) if len(words) == 6 else {0}
        minute, hour, date, month, weekday = words
        self.minute, self.hour, self.month = values(minute, 0, 59), values(hour, 0, 23), values(month, 1, 12)
        self.both = weekday.startswith(("&", "*")) or date.startswith("*")
        self.date, self.weekday = values(date, 1, 31), {day % 7 for day in values(weekday.lstrip("&"), 0, 6)}
        self.elapsed = minute.startswith("*") or hour.startswith("*")

    def matches(self, local):
        if local.second not in self.second or local.minute not in self.minute or local.hour not in self.hour:
            return False
        by_date, by_week = local.day in self.date, local.isoweekday() % 7 in self.weekday
        day = (by_date and by_week) if self.both else (by_date or by_week)
        return day and local.month in self.month


@lru_cache(maxsize=64)
def clock(timezone, start, stop, step):
    """Return (real instants by local reading, [(skipped local readings, the instant after them)])."""
    zone = ZoneInfo(timezone)
    occurs, gaps, ticks = {}, [], []
    instant = start - timedelta(days=2)
    while instant < stop + timedelta(days=2):
        ticks.append((instant, instant.astimezone(zone).replace(tzinfo=None, fold=0)))
        instant += step
    for instant, local in ticks:
        occurs.setdefault(local, []).append(instant)
    for (_, before), (instant, local) in pairwise(ticks):
        skipped, reading = [], before + step
        while reading < local:
            skipped.append(reading)
            reading += step
        if skipped:
            gaps.append((skipped, instant))
    return occurs, gaps


def fires(text, timezone, start, stop, *, gap=None, fold=None, step=timedelta(minutes=1)):
    """Return every fire time in [start, stop), sorted."""
    rule = Rule(text)
    gap = gap or ("skip" if rule.elapsed else "shift")
    fold = fold or ("both" if rule.elapsed else "first")
    occurs, gaps = clock(timezone, start, stop, step)
    found = set()
    for local, instants in occurs.items():
        if rule.matches(local):
            found.update({"first": instants[:1], "second": instants[-1:], "both": instants}[fold])
    for skipped, after in gaps:
        if gap == "shift" and len(skipped) * step <= LONGEST_SHIFTED and any(map(rule.matches, skipped)):
            found.add(after)
    return sorted(moment for moment in found if start <= moment < stop)


def utc(text):
    """Return the UTC datetime of an ISO text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
