"""Calendars: the days on which something is closed, defined once and shared by the entries that name them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from beatd.errors import BeatdError
from beatd.schedules.composition.public_holidays import check_place, public_holidays
from beatd.schedules.composition.spans import Span, fill, merged, read_span, span_text
from beatd.schedules.crontab.day_table import civil
from beatd.schedules.crontab.fields import WEEKDAYS

DEFINE = "none is defined; define it as [calendars.{}]"
"""How a calendar that a file names is defined."""

KEYS = ("country", "region", "closed", "dates", "open", "description")
_WEEK = (1, 2, 3, 4, 5, 6, 0)  # Monday first, in the order in which a week is written


class CalendarError(BeatdError, ValueError):
    """A calendar cannot be read; ``key`` names what is wrong in it."""

    def __init__(self, name: str, key: str, reason: str) -> None:
        super().__init__(f"calendar {name!r}: {key}: {reason}" if key else f"calendar {name!r}: {reason}")
        self.name = name
        self.key = key
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is closed: days of the week (0 is Sunday), dates, and public holidays; ``open`` days are open even so."""

    name: str
    closed: tuple[int, ...] = ()
    dates: tuple[Span, ...] = ()
    open: tuple[Span, ...] = ()
    country: str | None = None
    region: str | None = None
    description: str = ""

    def __str__(self) -> str:
        return f"calendar {self.name}"

    def mark(self, first: int, table: bytearray) -> None:
        """Set the bytes of the closed days of the run of days that begins with ``first``; leave the others."""
        size = len(table)
        marks = bytearray(size)
        for weekday in self.closed:
            start = (weekday - first - 4) % 7  # 1970-01-01 was a Thursday, hence the 4
            marks[start::7] = b"\1" * len(range(start, size, 7))
        for day in self._holidays(first, first + size):
            marks[day - first] = 1
        fill(self.dates, first, marks, 1)
        fill(self.open, first, marks, 0)
        for place in _set_places(marks):
            table[place] = 1

    def _holidays(self, low: int, high: int) -> Iterator[int]:
        if self.country is None:
            return
        for year in range(civil(low)[0], civil(high - 1)[0] + 1):
            yield from (day for day in public_holidays(self.country, self.region, year) if low <= day < high)


WEEKENDS = Calendar("", closed=(0, 6))
"""What is closed where nothing else is said."""


def _set_places(marks: bytearray) -> Iterator[int]:
    place = marks.find(1)
    while place >= 0:
        yield place
        place = marks.find(1, place + 1)


def read_calendar(name: str, mapping: Mapping[str, Any]) -> Calendar:
    """Return the calendar of a table of plain values. Raises CalendarError naming the first wrong key."""
    _check_name(name)
    if not isinstance(mapping, Mapping):
        raise CalendarError(name, "", f"a calendar is a table, not {mapping!r:.80}")
    for key in mapping:
        if key not in KEYS:
            raise CalendarError(name, f"{key!s:.80}", f"unknown key; known: {', '.join(KEYS)}{_near(key)}")
    given = {key: value for key, value in mapping.items() if value is not None}
    country, region = _text(name, "country", given), _text(name, "region", given)
    calendar = Calendar(
        name=name,
        closed=_weekdays(name, given.get("closed", [])),
        dates=_spans(name, "dates", given.get("dates", [])),
        open=_spans(name, "open", given.get("open", [])),
        country=country.upper() if country else None,
        region=region,
        description=_text(name, "description", given) or "",
    )
    _check_place(calendar)
    _check_whole(calendar)
    return calendar


def calendar_document(calendar: Calendar) -> dict[str, Any]:
    """Return the calendar as plain values, without its name; ``read_calendar`` reads an equal one back."""
    document: dict[str, Any] = {
        "country": calendar.country,
        "region": calendar.region,
        "closed": [WEEKDAYS[day] for day in calendar.closed],
        "dates": [span_text(span) for span in calendar.dates],
        "open": [span_text(span) for span in calendar.open],
        "description": calendar.description,
    }
    return {key: value for key, value in document.items() if value}


def _check_name(name: Any) -> None:
    good = isinstance(name, str) and 1 <= len(name) <= 100 and name.isprintable()
    if not good or "|" in name or name != " ".join(name.split()):
        raise CalendarError(
            str(name)[:100], "", "a name has 1 to 100 printable characters, single spaces at most, no '|'"
        )


def _near(key: Any) -> str:
    from difflib import get_close_matches

    found = get_close_matches(str(key).casefold(), KEYS, n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _text(name: str, key: str, given: Mapping[str, Any]) -> str | None:
    value = given.get(key)
    if value is not None and not isinstance(value, str):
        raise CalendarError(name, key, f"is a text, not {value!r:.80}")
    return value


def _listed(name: str, key: str, value: Any, example: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise CalendarError(name, key, f"is a list, not {value!r:.80}; write it as in {example}")
    return list(value)


def _weekdays(name: str, value: Any) -> tuple[int, ...]:
    days = set()
    for word in _listed(name, "closed", value, '["sat", "sun"]'):
        if not isinstance(word, str) or word.casefold() not in WEEKDAYS:
            raise CalendarError(
                name, "closed", f"{word!r:.80} is not a day of the week; they are {', '.join(WEEKDAYS)}"
            )
        days.add(WEEKDAYS.index(word.casefold()))
    return tuple(day for day in _WEEK if day in days)


def _spans(name: str, key: str, value: Any) -> tuple[Span, ...]:
    found = []
    for word in _listed(name, key, value, '["2026-12-24", "2026-12-27..2026-12-31"]'):
        try:
            # TOML has dates of its own.
            found.append(read_span(word.isoformat() if type(word) is date else word if isinstance(word, str) else ""))
        except ValueError as error:
            reason = str(error) if isinstance(word, str) else f"{word!r:.80} is not a date; write it as in '2026-12-24'"
            raise CalendarError(name, key, reason) from None
    return merged(found)


def _check_place(calendar: Calendar) -> None:
    if calendar.country is None:
        if calendar.region is not None:
            raise CalendarError(calendar.name, "region", f"{calendar.region!r} needs its country, as in country = 'DE'")
        return
    try:
        check_place(calendar.country, None)
    except ValueError as error:
        raise CalendarError(calendar.name, "country", str(error)) from None
    try:
        check_place(calendar.country, calendar.region)
    except ValueError as error:
        raise CalendarError(calendar.name, "region", str(error)) from None


def _check_whole(calendar: Calendar) -> None:
    if not (calendar.closed or calendar.dates or calendar.country):
        reason = "it closes nothing; give closed = ['sat', 'sun'], dates = ['2026-12-24'] or country = 'DE'"
        raise CalendarError(calendar.name, "", reason)
    if len(calendar.closed) == 7 and not calendar.open:
        raise CalendarError(calendar.name, "closed", "it would never open: all seven days are closed")
