"""Recurrence rules from the text that people write and paste from calendars."""

import re
from datetime import datetime
from typing import Any

from beatd.errors import InvalidScheduleError
from beatd.schedules.rrule.parts import DAY, NUMBERS, UNITS, WEEKDAYS, Moment, Recurrence

EXAMPLE = "write it as in 'rrule DTSTART=20260101T170000;FREQ=MONTHLY;BYDAY=-1FR'"
MOST_FIRES = 1_000_000_000
"""The largest COUNT."""

_LONGEST_STEP = 40 * 365 * DAY  # seconds; schedules are searched 40 years ahead
_STEPS = {**UNITS, "YEARLY": 365 * DAY, "MONTHLY": 30 * DAY, "WEEKLY": 7 * DAY}
_RANGES = {
    "BYMONTH": range(1, 13),
    "BYWEEKNO": range(-53, 54),
    "BYYEARDAY": range(-366, 367),
    "BYMONTHDAY": range(-31, 32),
    "BYHOUR": range(24),
    "BYMINUTE": range(60),
    "BYSECOND": range(60),
    "BYSETPOS": range(-366, 367),
    "BYEASTER": range(-80, 251),
}
_FROM_ONE = ("BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYSETPOS")
_KEYS = ("DTSTART", "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *NUMBERS)
_ELSEWHERE = {
    "TZID": "the zone of a schedule is that of its entry; leave TZID out and set the entry's timezone",
    "EXDATE": "what is taken away stands in the entry's exclude, as in 'dates 2026-12-24'",
    "EXRULE": "what is taken away stands in the entry's exclude",
    "RDATE": "a single moment is a rule of its own; write ' | at 2026-12-24T18:00' after this one",
}
_NUMBER = re.compile(r"[+-]?[0-9]{1,10}")
_DAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_MOMENT = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?")


def read_parts(words: list[str], text: str) -> Recurrence:
    """Return the recurrence of the parts after ``rrule``. Raises InvalidScheduleError quoting ``text``."""
    try:
        values = _split(" ".join(words))
        rule = Recurrence(**{field: value for key in values for field, value in [_read(key, values[key])]})
        _check(rule)
    except ValueError as error:
        reason, _, hint = str(error).partition("; ")
        raise InvalidScheduleError(text, reason, hint or None) from None
    return rule


def _split(text: str) -> dict[str, str]:
    """Return the parts by key. Between them stand semicolons or blanks, as in a calendar's lines put into one."""
    if not text.isascii():
        raise ValueError(f"it has letters or digits that no part of a rule has; {EXAMPLE}")
    joined = re.sub(r" ?([;,=:]) ?", r"\1", text.upper())
    joined = re.sub(r"\bDTSTART;VALUE=DATE(-TIME)?:", "DTSTART:", joined)
    joined = re.sub(r"\bRRULE:", "", joined)
    for key, hint in _ELSEWHERE.items():
        if re.search(rf"\b{key}[=:;]", joined):
            raise ValueError(f"{key} is no part of a rule; {hint}")
    values: dict[str, str] = {}
    for part in filter(None, re.split("[; ]", joined)):
        key, value = _key_and_value(part)
        if key in values:
            raise ValueError(f"{key} is given twice; give its values once, joined by commas")
        values[key] = value
    if "FREQ" not in values:
        raise ValueError(f"FREQ is missing, one of {', '.join(UNITS)}; {EXAMPLE}")
    if "COUNT" in values and "UNTIL" in values:
        raise ValueError("COUNT and UNTIL are both given; RFC 5545 allows one of them")
    return values


def _key_and_value(part: str) -> tuple[str, str]:
    key, _, value = part.partition("=")
    if ":" in key:
        key, _, value = part.partition(":")
    if key not in _KEYS:
        raise ValueError(f"{key[:40]!r} is no part of a rule; the parts are {', '.join(_KEYS)}")
    if not value:
        raise ValueError(f"{key} has no value; {EXAMPLE}")
    return key, value


def _read(key: str, value: str) -> tuple[str, Any]:
    """Return the field of a recurrence that a part fills, and with what. Raises ValueError."""
    if key in NUMBERS:
        allowed = _RANGES[key]
        numbers = {_number(key, item, allowed, zero=key not in _FROM_ONE) for item in value.split(",")}
        # All hours, minutes or seconds stay written out: none would mean those of the start.
        return NUMBERS[key], tuple(sorted(numbers))
    if key == "BYDAY":
        return "weekday", tuple(sorted({_weekday(item) for item in value.split(",")}))
    if key == "FREQ":
        return "freq", _one_of(key, value, tuple(UNITS))
    if key == "WKST":
        return "week_start", WEEKDAYS.index(_one_of(key, value, WEEKDAYS))
    if key == "INTERVAL":
        return "interval", _number(key, value, range(1, _LONGEST_STEP + 1))
    if key == "COUNT":
        return "count", _number(key, value, range(1, MOST_FIRES + 1))
    return ("start", _moment(key, value, 0)) if key == "DTSTART" else ("until", _moment(key, value, DAY - 1))


def _number(key: str, item: str, allowed: range, *, zero: bool = True) -> int:
    if _NUMBER.fullmatch(item) and int(item) in allowed and (zero or int(item)):
        return int(item)
    low, high = allowed[0], allowed[-1]
    span = f"{low} to {high}" if zero else f"1 to {high} or -1 to {low}"
    leap = "; no clock here shows the leap second 60" if key == "BYSECOND" and item == "60" else ""
    raise ValueError(f"{key} takes whole numbers from {span}, not {item[:40]!r}{leap}")


def _weekday(item: str) -> tuple[int, int]:
    found = _DAY.fullmatch(item)
    number = int(found[1]) if found and found[1] else 0
    if found is None or (found[1] and number == 0) or abs(number) > 53:
        days = ", ".join(WEEKDAYS)
        raise ValueError(f"BYDAY takes {days}, with a number from 1 to 53 or -53 to -1 before it, not {item[:40]!r}")
    return WEEKDAYS.index(found[2]), number


def _one_of(key: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(f"{key} is one of {', '.join(known)}, not {value[:40]!r}")
    return value


def _moment(key: str, value: str, time_of_day: int) -> Moment:
    """Return a moment; of a date alone the first second for DTSTART, the last for UNTIL, which names the last day."""
    if not _MOMENT.fullmatch(value):
        raise ValueError(f"{key} is no moment: {value[:40]!r}; write it as in 20260101T170000, with Z for UTC")
    try:
        moment = Moment.of(datetime.fromisoformat(value.removesuffix("Z")), instant=value.endswith("Z"))
    except ValueError as error:
        raise ValueError(f"{key} is no moment: {value!r}, {error}") from None
    return moment if "T" in value else moment._replace(second=moment.second + time_of_day)


def _check(rule: Recurrence) -> None:
    """Raise ValueError for parts that RFC 5545 does not let stand together."""
    freq, numbered = rule.freq, any(number for _, number in rule.weekday)
    if rule.interval * _STEPS[freq] > _LONGEST_STEP:
        raise ValueError(f"INTERVAL={rule.interval} is longer than 40 years; that far ahead nothing is searched")
    if rule.week_number and freq != "YEARLY":
        raise ValueError(f"BYWEEKNO stands only in FREQ=YEARLY, not in FREQ={freq}")
    if rule.year_day and freq in ("MONTHLY", "WEEKLY", "DAILY"):
        raise ValueError(f"BYYEARDAY does not stand in FREQ={freq}; write FREQ=YEARLY")
    if rule.month_day and freq == "WEEKLY":
        raise ValueError("BYMONTHDAY does not stand in FREQ=WEEKLY; write FREQ=MONTHLY or FREQ=DAILY")
    if numbered and (freq not in ("YEARLY", "MONTHLY") or rule.week_number):
        reason = "beside BYWEEKNO" if rule.week_number else f"in FREQ={freq}"
        raise ValueError(f"BYDAY has no numbers {reason}; write FREQ=MONTHLY or leave the numbers out")
    if numbered and (freq == "MONTHLY" or rule.month) and max(abs(number) for _, number in rule.weekday) > 5:
        raise ValueError("BYDAY counts within a month here, so its numbers end at 5")
    if rule.position and not any(
        getattr(rule, field) for field in (*NUMBERS.values(), "weekday") if field != "position"
    ):
        raise ValueError("BYSETPOS stands alone; it chooses among what another BY part names, so give one of those")
