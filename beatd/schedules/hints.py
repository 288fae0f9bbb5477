"""What people write out of habit, and the text that they mean."""

import re

from beatd.schedules.crontab.fields import MONTHS, WEEKDAYS
from beatd.schedules.durations import format_duration, guess_duration
from beatd.schedules.sun.events import EVENTS

ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_UNIT_OF = {"second": "1s", "minute": "1m", "hour": "1h", "day": "1d", "week": "1w"}
_ALIAS_OF = {"month": "@monthly", "year": "@yearly", "minutely": "every 1m"}
_DAYS = {"day": "*", "daily": "*", "weekday": "mon-fri", "workday": "mon-fri", "weekend": "sat,sun"}
_TIME = r"(?:at\s+)?(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2}))?\s*(?P<half>am|pm)?"


def suggestion(text: str) -> str | None:
    """Return a hint with the right text where it is plain what is meant, else None."""
    lowered = " ".join(text.lower().split())
    if "freq=" in lowered and not lowered.startswith("rrule "):
        return _recurrence(text)
    if lowered == "@reboot":
        return "a schedule names moments; nothing fires because something starts"
    wanted = lowered.removeprefix("@").removeprefix("every ").removeprefix("each ").removeprefix("on ")
    if re.fullmatch(r"1?\s*M", re.sub(r"^@?every\s+", "", text.strip(), flags=re.IGNORECASE)):
        return "write 'every 1m' for a minute, '@monthly' for a month"
    meant = _plain_word(wanted) or _interval(text) or _day_and_time(wanted) or _moment(lowered) or _near(lowered)
    return f"write {meant!r}" if meant else None


def _recurrence(text: str) -> str:
    words = text.split()
    if len(words) == 1:
        rule = re.sub(r"(?i)^rrule:", "", words[0])
        if rule.lower().startswith(("freq=", "dtstart=")):
            return f"write {'rrule ' + rule!r}"
    return "write it as in 'rrule DTSTART=20260101T170000;FREQ=WEEKLY;BYDAY=MO'"


def _plain_word(wanted: str) -> str | None:
    if "@" + wanted in ALIASES:
        return "@" + wanted
    if wanted.removesuffix("s") in _UNIT_OF:
        return "every " + _UNIT_OF[wanted.removesuffix("s")]
    return _ALIAS_OF.get(wanted.removesuffix("s"))


def _interval(text: str) -> str | None:
    wanted = re.sub(r"^@?(every|each)\s+", "", text.strip(), flags=re.IGNORECASE)
    if re.fullmatch(r"1\s+months?", wanted, re.IGNORECASE):
        return "@monthly"
    found = guess_duration(wanted + "s" if re.fullmatch(r"[0-9]{1,9}", wanted) else wanted)
    return f"every {format_duration(found)}" if found and found % 1000 == 0 and found >= 10_000 else None


def _day_and_time(wanted: str) -> str | None:
    """Return the crontab for ``monday``, ``weekday at 8:00``, ``8pm``."""
    word, _, rest = wanted.partition(" ")
    day = _DAYS.get(word) or _DAYS.get(word.removesuffix("s"))
    if day is None and word[:3] in WEEKDAYS and word.removesuffix("s").endswith(("day", word[:3])):
        day = word[:3]
    clock = wanted if day is None else rest
    if day is not None and not clock:
        return f"0 0 * * {day}"
    found = re.fullmatch(_TIME, clock)
    if found is None or (day is None and not (found["minute"] or found["half"])):
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        hour = hour % 12 + (12 if found["half"] == "pm" else 0)
    return f"{minute} {hour} * * {day or '*'}" if hour < 24 and minute < 60 else None


def _moment(lowered: str) -> str | None:
    found = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[t ]([0-9]{2}:[0-9]{2}\S*))?", lowered)
    return f"at {found[1]}T{(found[2] or '00:00').upper()}" if found else None


def _near(lowered: str) -> str | None:
    from difflib import get_close_matches

    head, _, rest = lowered.partition(" ")
    known = [*ALIASES, *EVENTS, "every", "cron", "at", "rrule", "sun_elevation"]
    near = get_close_matches(head, known, n=1, cutoff=0.7)
    if not near or near[0] == head or head in MONTHS:
        return None
    return f"{near[0]} {rest}".strip()
