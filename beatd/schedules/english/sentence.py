"""A whole schedule in plain English: its rules, what is left out, where a closed day's fires go, its bounds."""

from collections.abc import Callable

from beatd.schedules.base import Schedule, Terms
from beatd.schedules.crontab.rule import CrontabRule
from beatd.schedules.crontab.schedule import Crontab
from beatd.schedules.english.crontab import crontab_words
from beatd.schedules.english.fields import read_cron
from beatd.schedules.english.rrule import rrule_words
from beatd.schedules.english.rules import at_words, elevation_words, interval_words, solar_words
from beatd.schedules.english.subject import Subject
from beatd.schedules.english.words import listed, opened
from beatd.schedules.moments import iso
from beatd.schedules.sun.events import EVENTS
from beatd.schedules.text import parse

_KINDS: dict[str, Callable[[list[str], Terms], str]] = {
    "every": interval_words,
    "at": at_words,
    "rrule": rrule_words,
    "sun_elevation": elevation_words,
    **dict.fromkeys(EVENTS, solar_words),
}
_MOVED: dict[str, str] = {
    "next": "a fire on a {day} moves to the same time of the next open day",
    "previous": "a fire on a {day} moves to the same time of the open day before",
    "skip": "no fire on a {day}",
}


def sentence(subject: Subject) -> str:
    """Return the schedule as one sentence, without a full stop."""
    said = "; and ".join(rule_words(rule, subject.terms) for rule in subject.rules)
    if subject.exclude:
        said += f"; except {listed([_left_out(part, subject.terms) for part in subject.exclusions])}"
    if subject.business_days:
        day = "closed day" if subject.names_days else "Saturday or Sunday"
        said += f"; {_MOVED[subject.business_days].format(day=day)}"
    if subject.starts_at is not None:
        said += f"; from {iso(subject.starts_at)} on"
    if subject.ends_at is not None:
        said += f"; before {iso(subject.ends_at)}"
    return opened(said)


def rule_words(rule: str, terms: Terms) -> str:
    """Return what one rule of a union says, without a capital letter first; the rule itself where none knows it."""
    words = rule.split()
    kind = _KINDS.get(words[0])
    if kind is not None:
        return kind(words, terms)
    fields = read_cron(rule)
    if fields is None:
        return repr(rule)
    if not (terms.name and fields.hashed):
        return crontab_words(fields)
    drawn = read_cron(str(_resolved(rule, terms)))
    return f"{crontab_words(drawn or fields)}, as H draws it from the name {terms.name!r}"


def _resolved(rule: str, terms: Terms) -> Schedule | CrontabRule:
    schedule = parse(rule, terms)
    return schedule.resolved if isinstance(schedule, Crontab) else schedule


def _left_out(part: str, terms: Terms) -> str:
    head, _, rest = part.partition(" ")
    if head == "dates":
        first, _, last = rest.partition("..")
        return f"on {first}" if not last else f"from {first} to {last}"
    if head == "calendar":
        return f"on days that the calendar {rest} closes"
    return f"what {part!r} names ({rule_words(part, terms)})"
