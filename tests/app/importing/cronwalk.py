"""Cron itself, minute by minute: a walk through time that follows the loop of Vixie's, Debian's and cronie's daemon.

Written from that loop (cron.c, entry.c) and from nothing of ours, to be the judge of it. The daemon keeps two clocks:
that of the wall, and a virtual one, never set back, by which lines without a star in minute and hour go.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
NICKNAMES = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
MINUTE = timedelta(minutes=1)


class Line:
    """A line's five fields as sets of numbers."""

    def __init__(self, text: str) -> None:
        minute, hour, dom, month, dow = NICKNAMES.get(text, text).split()
        self.minutes, self.hours = field(minute, 0, 59), field(hour, 0, 23)
        self.dom, self.months = field(dom, 1, 31), field(month, 1, 12, MONTHS)
        self.dow = {number % 7 for number in field(dow, 0, 7, DAYS)}
        self.both = dom[0] == "*" or dow[0] == "*"
        self.wild = minute[0] == "*" or hour[0] == "*"

    def has_day(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.dom, day.isoweekday() % 7 in self.dow
        return (in_month and in_week) if self.both else (in_month or in_week)

    def has(self, number: int) -> bool:
        """Return whether it names a minute of the wall's clock, counted from 1970."""
        day, of_day = divmod(number, 1440)
        hour, minute = divmod(of_day, 60)
        return minute in self.minutes and hour in self.hours and self.has_day(date(1970, 1, 1) + timedelta(days=day))


def field(text: str, low: int, high: int, names: list[str] = ()) -> set[int]:
    found = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            start, stop = low, high
        else:
            start = number(first, low, names)
            stop = number(last, low, names) if last else start
        found.update(range(start, stop + 1, int(step or 1)))
    return found


def number(word: str, low: int, names: list[str]) -> int:
    return names.index(word.lower()) + low if word.lower() in names else int(word)


def walk(text: str, zone: str, start: datetime, count: int) -> list[datetime]:
    """Return when cron starts the command: the next ``count`` times, one twice where it starts it twice."""
    line, place = Line(text), ZoneInfo(zone)

    @cache
    def offset(quarter: int) -> int:
        """Return how far the wall's clock is ahead of UTC, in minutes: it changes at quarters of an hour only."""
        moment = datetime.fromtimestamp(quarter * 900, place)
        return moment.utcoffset() // MINUTE

    now = int(start.timestamp()) // 60
    virtual, found = now + offset(now // 15), []
    while len(found) < count:
        now += 1
        if now % 1440 == 0:
            day = date(1970, 1, 1) + timedelta(days=now // 1440)
            if not any(line.has_day(day + timedelta(days=near)) for near in (-1, 0, 1)):
                # A whole day on which nothing can happen, whatever the clocks do.
                now += 1439
                virtual = now + offset(now // 15)
                continue
        clock = now + offset(now // 15)
        ahead = clock - virtual
        times = 0
        if 0 < ahead <= 5:
            times = sum(line.has(each) for each in range(virtual + 1, clock + 1))
        elif 5 < ahead <= 180:
            missed = [clock] if line.wild else range(virtual + 1, clock + 1)
            times = sum(line.has(each) for each in missed)
        elif -180 < ahead <= 0:
            times = int(line.wild and line.has(clock))
        else:
            times = int(line.has(clock))
        if ahead > 0 or ahead <= -180:
            virtual = clock
        found += [datetime.fromtimestamp(now * 60, UTC)] * times
    return found[:count]
