"""A second opinion on what composition leaves: knows only zoneinfo, sets of minutes and the written rule.

Shares no code with beatd. A rule here is a set of minutes of the day on days that a function picks; a window is a few
days around a start; every minute of it is looked at.
"""

from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


class Judge:
    """The real minutes of a window in a zone, with their local readings."""

    def __init__(self, zone, start, days):
        self.zone = ZoneInfo(zone)
        self.minutes = [start + MINUTE * n for n in range(days * 1440)]
        self.local = {at: at.astimezone(self.zone).replace(tzinfo=None) for at in self.minutes}
        self.seen = {}
        for at in self.minutes:
            self.seen.setdefault(self.local[at], []).append(at)
        self.gaps = []
        for before, at in zip(self.minutes, self.minutes[1:], strict=False):
            skipped = self.local[at] - self.local[before] - MINUTE
            if timedelta(0) < skipped <= timedelta(hours=3):
                readings = [self.local[before] + MINUTE * n for n in range(1, skipped // MINUTE + 1)]
                self.gaps.append((at, readings))

    def instants(self, names, *, elapsed, gap=None, fold=None):
        """Return when a rule fires that names local readings: a function of a datetime without zone."""
        fold = fold or ("both" if elapsed else "first")
        fires = set()
        for reading, passes in self.seen.items():
            if names(reading):
                fires.update({"first": passes[:1], "second": passes[-1:], "both": passes}[fold])
        if (gap or ("skip" if elapsed else "shift")) == "shift":
            fires.update(end for end, readings in self.gaps if any(names(reading) for reading in readings))
        return fires

    def of_reading(self, reading, gap=None, fold=None):
        """Return the instants of one reading."""
        passes = self.seen.get(reading, [])
        fires = {"first": passes[:1], "second": passes[-1:], "both": passes}[fold or "first"]
        return set(fires) | {end for end, skipped in self.gaps if reading in skipped and gap != "skip"}

    def day(self, at):
        return self.local[at].date()


def cron(text):
    """Return whether a crontab names a local reading; numbers, ``*``, ``*/n``, ``a-b`` and lists; never both days."""
    ranges = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)]
    minute, hour, date, month, weekday = (
        _values(field, *span) for field, span in zip(text.split(), ranges, strict=True)
    )

    def names(reading):
        return (
            reading.minute in minute
            and reading.hour in hour
            and reading.day in date
            and reading.month in month
            and reading.isoweekday() % 7 in weekday
        )

    return names


def _values(field, least, most):
    found = set()
    for item in field.split(","):
        body, _, step = item.partition("/")
        low, _, high = (least, "", most) if body == "*" else body.partition("-")
        found.update(range(int(low), int(high or low) + 1, int(step or 1)))
    return found


def elapsed(text):
    return text.split()[0].startswith("*") or text.split()[1].startswith("*")


def target(day, closed, direction):
    """Return the day to which a closed day moves, or None."""
    step = timedelta(days=1 if direction == "next" else -1)
    for crossed in range(367):
        if day + step * crossed not in closed:
            return day + step * crossed
    return None


def moved_names(names, closed, direction):
    """Return what a rule names once its closed days have moved."""

    @cache
    def sources(day):
        near = [day + timedelta(days=n) for n in range(-30, 31)]
        return [each for each in near if target(each, closed, direction) == day]

    def moved(reading):
        return any(names(datetime.combine(day, reading.time())) for day in sources(reading.date()))

    return moved


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def midnight(day):
    return datetime.combine(day, time(), tzinfo=UTC)
