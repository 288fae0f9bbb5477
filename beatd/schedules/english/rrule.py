"""A recurrence rule of RFC 5545 in plain English, from its canonical text."""

from collections.abc import Mapping
from datetime import datetime

from beatd.schedules.base import Terms
from beatd.schedules.english.crontab import MONTH_NAMES, WEEKDAY_NAMES
from beatd.schedules.english.words import counted, listed, ordinal

_UNITS = {
    "YEARLY": "year",
    "MONTHLY": "month",
    "WEEKLY": "week",
    "DAILY": "day",
    "HOURLY": "hour",
    "MINUTELY": "minute",
    "SECONDLY": "second",
}
_DAYS = dict(zip(("SU", "MO", "TU", "WE", "TH", "FR", "SA"), WEEKDAY_NAMES, strict=True))
_LISTS = (("BYMONTHDAY", "day"), ("BYYEARDAY", "day of the year"), ("BYWEEKNO", "week of the year"))
_WHOLE_DAYS = ("year", "month", "week", "day")
_MOST_TIMES = 6


def rrule_words(words: list[str], terms: Terms) -> str:
    """Return what ``rrule ...`` says."""
    parts = dict(part.partition("=")[::2] for part in words[1].upper().split(";"))
    unit, step = _UNITS.get(parts.get("FREQ", ""), "time"), int(parts.get("INTERVAL", "1"))
    said = [f"every {unit}" if step == 1 else f"every {step} {unit}s", *_limits(parts)]
    said += [_times(parts, unit), *_bounds(parts, terms)]
    return ", ".join(part for part in said if part)


def _limits(parts: Mapping[str, str]) -> list[str]:
    said = []
    if "BYMONTH" in parts:
        said.append("in " + listed([MONTH_NAMES[int(month) - 1] for month in parts["BYMONTH"].split(",")]))
    said += [
        f"on {listed([_place(word, noun) for word in parts[key].split(',')])}" for key, noun in _LISTS if key in parts
    ]
    if "BYDAY" in parts:
        said.append("on " + listed([_weekday(word) for word in parts["BYDAY"].split(",")]))
    if "BYEASTER" in parts:
        said.append(f"counted from Easter: day {parts['BYEASTER']}")
    if "BYSETPOS" in parts:
        said.append(f"of these the {listed([_nth(int(word)) for word in parts['BYSETPOS'].split(',')])}")
    return said


def _place(word: str, noun: str) -> str:
    number = int(word)
    return f"{noun} {number}" if number > 0 else f"the {_nth(number)} {noun}"


def _nth(number: int) -> str:
    if number > 0:
        return ordinal(number)
    return "last" if number == -1 else f"{ordinal(-number)}-to-last"


def _weekday(word: str) -> str:
    name, number = _DAYS[word[-2:]], word[:-2]
    return f"the {_nth(int(number))} {name}" if number else name


def _times(parts: Mapping[str, str], unit: str) -> str:
    hours, minutes, seconds = ([int(word) for word in parts.get(key, "").split(",") if word] for key in _CLOCK)
    if not hours:
        said = [
            f"at {key[2:].lower()} {listed(parts[key].split(','))}" for key in ("BYMINUTE", "BYSECOND") if key in parts
        ]
        if not said and unit in _WHOLE_DAYS:
            # The time of day is that of DTSTART; without one a rule fires at midnight.
            start = parts.get("DTSTART", "T000000").partition("T")[2].removesuffix("Z") or "000000"
            return f"at {start[:2]}:{start[2:4]}" + (f":{start[4:]}" if start[4:] != "00" else "")
        return ", ".join(said)
    times = [(hour, minute, second) for hour in hours for minute in minutes or [0] for second in seconds or [0]]
    if len(times) > _MOST_TIMES:
        return f"at {counted(len(times), 'time')} of the day"
    return "at " + listed([f"{h:02d}:{m:02d}:{s:02d}" if s else f"{h:02d}:{m:02d}" for h, m, s in times])


_CLOCK = ("BYHOUR", "BYMINUTE", "BYSECOND")


def _bounds(parts: Mapping[str, str], terms: Terms) -> list[str]:
    said = []
    if "DTSTART" in parts:
        said.append(f"from {_moment(parts['DTSTART'], terms)} on")
    if "UNTIL" in parts:
        said.append(f"up to {_moment(parts['UNTIL'], terms)}")
    if "COUNT" in parts:
        said.append(f"{counted(int(parts['COUNT']), 'time')} in all")
    return said


def _moment(written: str, terms: Terms) -> str:
    zone = "UTC" if written.endswith("Z") else terms.timezone
    moment = datetime.fromisoformat(written.removesuffix("Z"))
    if "T" not in written:
        return f"{moment:%Y-%m-%d}"
    return f"{moment.isoformat(' ', 'auto' if moment.second else 'minutes')} {zone}"
