"""A second opinion on crontabs: the written rule, read word by word. Shares no code with beatd.

``Rule`` says which local readings a crontab names; ``walk.Walk`` knows what the clocks of a zone really showed.
"""

from calendar import monthrange
from datetime import date, timedelta

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
FULL = {"january": 1, "sunday": 0, "wednesday": 3, "december": 12, "saturday": 6, "february": 2, "friday": 5}
YEARS = (1970, 2099)


def number(word, names):
    """Return the number of a value or a name; January is 1, Sunday 0."""
    if word in FULL:
        return FULL[word]
    return names.index(word) + (names is MONTHS) if word in names else int(word)


def values(field, low, high, names=()):
    """Return the numbers that a field of values, ranges, steps and lists lets through."""
    found = set()
    for item in field.split(","):
        body, _, step = item.partition("/")
        first, _, last = body.partition("-")
        if body in ("*", "?"):
            first, last = low, high
        else:
            last = number(last or (str(high) if step else first), names)
            first = number(first, names)
        if names is WEEKDAYS and first == 7:
            first, last = 0, last % 7
        wraps = last < first
        run = [*range(first, high + 1), *range(low, last + 1)] if wraps else list(range(first, last + 1))
        found.update(run[:: int(step or 1)])
    return found


def nearest_working_day(year, month, day):
    """Return the Monday to Friday of the month next to a day, None where the month has no such day."""
    last = monthrange(year, month)[1]
    if day > last:
        return None
    weekday = date(year, month, day).weekday()
    if weekday == 5:
        return day - 1 if day > 1 else 3
    if weekday == 6:
        return day + 1 if day < last else day - 2
    return day


def names_date(item, day):
    """Say whether one item of a day-of-month field names this date."""
    last = monthrange(day.year, day.month)[1]
    if item == "l":
        return day.day == last
    if item.startswith("l-"):
        return day.day == last - int(item[2:])
    if item == "lw":
        weekday = date(day.year, day.month, last).weekday()
        return day.day == last - max(0, weekday - 4)
    if item.endswith("w"):
        return day.day == nearest_working_day(day.year, day.month, int(item[:-1]))
    return day.day in values(item, 1, 31)


def names_weekday(item, day):
    """Say whether one item of a day-of-week field names this date."""
    weekday = day.isoweekday() % 7
    if "#" in item:
        name, _, nth = item.partition("#")
        return weekday == number(name, WEEKDAYS) % 7 and (day.day + 6) // 7 == int(nth)
    if item.endswith("l"):
        in_a_week = day + timedelta(days=7)
        return weekday == number(item[:-1], WEEKDAYS) % 7 and in_a_week.month != day.month
    return weekday in {value % 7 for value in values(item, 0, 6, WEEKDAYS)}


class Rule:
    """A crontab of five fields; of six with seconds first; of seven with seconds first and years last."""

    def __init__(self, text):
        words = text.lower().split()
        words = words[1:] if words[0] == "cron" else words
        self.years = values(words.pop(), *YEARS) if len(words) == 7 else None
        self.has_seconds = len(words) == 6
        self.second = values(words.pop(0), 0, 59) if self.has_seconds else {0}
        minute, hour, self.date, month, weekday = words
        self.minute, self.hour = values(minute, 0, 59), values(hour, 0, 23)
        self.month = values(month, 1, 12, MONTHS)
        self.weekday = weekday.lstrip("&")
        self.both = weekday.startswith(("&", "*", "?")) or self.date.startswith(("*", "?"))
        self.elapsed = minute.startswith("*") or hour.startswith("*")
        self._days = {}

    def names_day(self, day):
        """Say whether the rule fires on this date at all."""
        known = self._days.get(day)
        if known is None:
            known = self._days[day] = self._names_day(day)
        return known

    def _names_day(self, day):
        if day.month not in self.month or (self.years is not None and day.year not in self.years):
            return False
        by_date = any(names_date(item, day) for item in self.date.split(","))
        by_week = any(names_weekday(item, day) for item in self.weekday.split(","))
        return (by_date and by_week) if self.both else (by_date or by_week)

    def matches(self, local):
        """Say whether the rule names this local reading, a datetime without zone."""
        if local.second not in self.second or local.minute not in self.minute or local.hour not in self.hour:
            return False
        return self.names_day(local.date())
