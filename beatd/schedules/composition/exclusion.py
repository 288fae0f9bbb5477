"""What an entry's ``exclude`` takes away: days, by dates and calendars, and moments, by rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from beatd.errors import InvalidScheduleError
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.composition.calendars import DEFINE, Calendar
from beatd.schedules.composition.closing import ClosedDays
from beatd.schedules.composition.spans import Span, read_span, span_text
from beatd.schedules.crontab.fields import SECOND
from beatd.schedules.crontab.reader import read_field
from beatd.schedules.crontab.schedule import Crontab, crontab_of
from beatd.schedules.text import LONGEST_TEXT, parse


class Cron(NamedTuple):
    """A crontab that takes away whole minutes, or seconds where it names seconds; ``taken`` fires at each of them."""

    text: str
    taken: Crontab

    def __str__(self) -> str:
        return self.text


class Dates(NamedTuple):
    """A run of days."""

    span: Span

    def __str__(self) -> str:
        return f"dates {span_text(self.span)}"


Part = Dates | Calendar | Cron | Schedule


@dataclass(frozen=True, slots=True)
class Exclusion:
    """The parts of an ``exclude`` in the zone and under the terms of its entry. Immutable, hashable."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return " | ".join(str(part) for part in self.parts)

    @property
    def closed(self) -> ClosedDays | None:
        """The days that dates and calendars close, or None where there is no such part."""
        spans = tuple(part.span if isinstance(part, Dates) else part for part in self.parts if _closes(part))
        return ClosedDays(spans) if spans else None  # type: ignore[arg-type]  # _closes leaves these two kinds

    @property
    def crons(self) -> tuple[Crontab, ...]:
        """The crontabs that fire at every second that is taken away."""
        return tuple(part.taken for part in self.parts if isinstance(part, Cron))

    @property
    def moments(self) -> tuple[Schedule, ...]:
        """The rules that take away the moments that they name, and no others."""
        return tuple(part for part in self.parts if isinstance(part, Schedule))


def _closes(part: Part) -> bool:
    return isinstance(part, Dates | Calendar)


def parse_exclude(
    text: str | Sequence[str], terms: Terms, calendars: Mapping[str, Calendar], define: str = DEFINE
) -> Exclusion:
    """Return what a text, or a list of texts, takes away. Raises InvalidScheduleError.

    ``calendars`` are those that may be named; ``define`` says how to define another one, with {} for its name.
    """
    joined = text if isinstance(text, str) else _joined(text)
    if len(joined) > LONGEST_TEXT:
        raise InvalidScheduleError(
            f"{joined[:60]}…", f"it has {len(joined)} characters; at most {LONGEST_TEXT} are read"
        )
    if not joined.strip():
        raise InvalidScheduleError(joined, "it is empty", "write it as in 'dates 2026-12-24' or '* * * * sat,sun'")
    words = [part.split() for part in joined.split("|")]
    if not all(words):
        raise InvalidScheduleError(joined, "there is no rule on one side of '|'")
    return Exclusion(tuple(dict.fromkeys(_read_part(part, terms, calendars, define) for part in words)))


def _joined(texts: Any) -> str:
    if not isinstance(texts, Sequence) or not all(isinstance(text, str | Schedule) for text in texts):
        raise InvalidScheduleError(
            repr(texts)[:200], "exclude is a text or a list of texts", "as in 'dates 2026-12-24'"
        )
    return " | ".join(str(text) for text in texts)


def _read_part(words: list[str], terms: Terms, calendars: Mapping[str, Calendar], define: str) -> Part:
    head, text = words[0].lower(), " ".join(words)
    if head == "dates":
        return _read_dates(words, text)
    if head == "calendar":
        return _read_calendar(" ".join(words[1:]), text, calendars, define)
    rule = parse(text, terms)
    return _cron(rule, words, terms) if isinstance(rule, Crontab) else rule


def _read_dates(words: list[str], text: str) -> Dates:
    if len(words) == 1:
        raise InvalidScheduleError(text, "'dates' takes a day or a run of days", "as in 'dates 2026-12-24..2026-12-31'")
    try:
        return Dates(read_span("".join(words[1:])))
    except ValueError as error:
        raise InvalidScheduleError(text, str(error)) from None


def _read_calendar(name: str, text: str, calendars: Mapping[str, Calendar], define: str) -> Calendar:
    from difflib import get_close_matches

    if not name:
        raise InvalidScheduleError(text, "'calendar' takes the name of a calendar", "as in 'calendar office'")
    found = calendars.get(name)
    if found is not None:
        return found
    near = get_close_matches(name, calendars, n=3, cutoff=0.6) or sorted(calendars)[:10]
    hint = f"known: {', '.join(near)}" if near else define.format(name)
    raise InvalidScheduleError(text, f"there is no calendar {name!r}", hint)


def _cron(rule: Crontab, words: list[str], terms: Terms) -> Cron:
    written = words[1:] if words[0].lower() == "cron" else words
    canonical = str(rule)
    names_seconds = len(written) > 5
    if names_seconds and len(canonical.split()) == 5:
        canonical = f"0 {canonical}"
    seconds = rule.rule if names_seconds else rule.rule._replace(second=read_field(SECOND, "*"))
    return Cron(canonical, crontab_of(seconds, replace(terms, fold="both")))
