"""The calendars that one source defines, and which of them an entry's ``exclude`` names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from beatd.core.field_values import FieldError, shown
from beatd.core.rule import written
from beatd.errors import InvalidScheduleError
from beatd.schedules.base import Terms
from beatd.schedules.composition.calendars import DEFINE, Calendar, CalendarError, calendar_document, read_calendar

_WHAT = 'must be text such as "calendar de", "dates 2026-12-24..2026-12-31" or "* 0-7 * * *", or a list of them'


@dataclass(frozen=True, slots=True)
class Calendars:
    """The calendars that can be used, and of each other one what is wrong with it, its place first.

    ``define`` says how to define one more, with {} for its name.
    """

    good: Mapping[str, Calendar] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)
    define: str = DEFINE


NO_CALENDARS = Calendars()


def read_calendars(tables: Mapping[str, Any], say: Callable[[str, CalendarError], str]) -> Calendars:
    """Return the calendars of these tables by name; ``say`` puts what is wrong with one, by its name, into words."""
    good: dict[str, Calendar] = {}
    broken: dict[str, str] = {}
    for name, table in tables.items():
        try:
            good[name] = read_calendar(name, table)
        except CalendarError as error:
            broken[name] = say(name, error)
    return Calendars(good, broken)


def exclude_text(value: Any, terms: Terms, calendars: Calendars) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return an ``exclude`` as its canonical text, and the documents of the calendars it names. Raises FieldError."""
    # All kinds of rules come with it, and who only runs tasks reads none.
    from beatd.schedules.composition.exclusion import parse_exclude

    text = written("exclude", value, _WHAT)
    for name in named_in(text):
        if name in calendars.broken:
            raise FieldError("exclude", f"calendar {shown(name)} cannot be used: {calendars.broken[name]}")
    try:
        found = str(parse_exclude(text, terms, calendars.good, calendars.define))
    except InvalidScheduleError as error:
        raise FieldError("exclude", f"bad exclusion {shown(error.text)}: {error.reason}", error.hint) from None
    return found, {name: _document(calendars.good[name]) for name in named_in(found)}


def _document(calendar: Calendar) -> dict[str, Any]:
    # Without what is for people only, so that a new description is no edit of the entries.
    return {key: value for key, value in calendar_document(calendar).items() if key != "description"}


def named_in(exclude: str) -> list[str]:
    """Return the names of the calendars in an ``exclude``."""
    parts = (part.split() for part in exclude.split("|"))
    return sorted({" ".join(words[1:]) for words in parts if len(words) > 1 and words[0].lower() == "calendar"})
