"""Schedules from their written form; the first word of a rule decides what it is."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from beatd.errors import InvalidScheduleError
from beatd.schedules.at import At, read_at
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.crontab.rule import read_crontab
from beatd.schedules.crontab.schedule import Crontab, crontab_of
from beatd.schedules.durations import LONGEST, parse_duration
from beatd.schedules.hints import ALIASES, suggestion
from beatd.schedules.interval import SHORTEST, Interval
from beatd.schedules.rrule.schedule import read_rrule
from beatd.schedules.sun.events import EVENTS
from beatd.schedules.sun.schedule import read_elevation, read_solar
from beatd.schedules.union import Union

LONGEST_TEXT = 10_000
_NO_TERMS = Terms()


def parse(text: str | Sequence[str], terms: Terms = _NO_TERMS) -> Schedule:
    """Return the schedule that a text, or a list of texts as their union, names. Raises InvalidScheduleError.

    Equal texts under equal terms are one shared object.
    """
    if not isinstance(text, str):
        text = _joined(text)
    rule = _read(text)
    return _bound(rule, _that_matter(terms, rule.terms_used))


def _that_matter(terms: Terms, used: frozenset[str]) -> Terms:
    """Return the terms without those that make no difference, so that entries which differ only there share a rule."""
    starts_at = terms.starts_at if "starts_at" in used else None
    name = terms.name if "name" in used else ""
    if starts_at == terms.starts_at and name == terms.name:
        return terms
    return Terms(timezone=terms.timezone, name=name, starts_at=starts_at, gap=terms.gap, fold=terms.fold)


def _joined(texts: Any) -> str:
    if not isinstance(texts, Sequence) or not all(isinstance(text, str | Schedule) for text in texts):
        raise InvalidScheduleError(repr(texts), "a schedule is a text or a list of texts", "write it as in 'every 30s'")
    return " | ".join(str(text) for text in texts)


def _parts(rule: Schedule) -> tuple[Schedule, ...]:
    return rule.parts if isinstance(rule, Union) else (rule,)


@lru_cache(maxsize=65_536)
def _bound(rule: Schedule, terms: Terms) -> Schedule:
    bound = rule.under(terms)
    if isinstance(bound, Crontab):
        return bound
    for part in _parts(bound):
        if isinstance(part, At) and not part.fires:
            raise InvalidScheduleError(str(part), f"it can never fire: the clocks of {terms.timezone} skip this moment")
    return bound


@lru_cache(maxsize=65_536)
def _read(text: str) -> Schedule:
    if len(text) > LONGEST_TEXT:
        raise InvalidScheduleError(f"{text[:60]}…", f"it has {len(text)} characters; at most {LONGEST_TEXT} are read")
    if not text.strip():
        raise InvalidScheduleError(text, "it is empty", "write it as in 'every 30s' or '0 8 * * mon-fri'")
    parts = text.split("|")
    if len(parts) == 1:
        return _read_rule(text.strip())
    if not all(part.strip() for part in parts):
        raise InvalidScheduleError(text, "there is no rule on one side of '|'")
    rules = tuple(dict.fromkeys(_read_rule(part.strip()) for part in parts))
    return rules[0] if len(rules) == 1 else Union(rules)


def _read_rule(text: str) -> Schedule:
    words = text.split()
    head = words[0].lower()
    if head.startswith("@"):
        return _read_alias(words, text)
    reader = _READERS.get(head)
    if reader is not None:
        return reader(words, text)
    if _begins_crontab(head) or (len(words) in (5, 6, 7) and not head.isalpha()):
        return _read_fields(words, text)
    raise InvalidScheduleError(text, f"{words[0]!r} does not begin a schedule", suggestion(text))


def _begins_crontab(head: str) -> bool:
    return head[0] in "0123456789*?-,/" or head in ("h", "l", "lw") or head.startswith(("h(", "h/", "h,"))


def _read_fields(words: list[str], text: str) -> Schedule:
    hint = suggestion(text) if len(words) < 5 else None
    if hint is not None:
        raise InvalidScheduleError(text, "it is not a schedule", hint)
    return crontab_of(read_crontab(words, text), _NO_TERMS)


def _read_cron(words: list[str], text: str) -> Schedule:
    return crontab_of(read_crontab(words[1:], text), _NO_TERMS)


def _read_alias(words: list[str], text: str) -> Schedule:
    fields = ALIASES.get(words[0].lower())
    if fields is None or len(words) > 1:
        reason = f"{words[0]} stands alone" if fields else f"there is no alias {words[0]!r}"
        raise InvalidScheduleError(text, reason, suggestion(text))
    return crontab_of(read_crontab(fields.split(), text), _NO_TERMS)


def _read_every(words: list[str], text: str) -> Schedule:
    rest, offset = _split_offset(words, text)
    if len(rest) != 2:
        raise InvalidScheduleError(text, "'every' takes one duration, as in 'every 1h30m'", suggestion(text))
    return interval_of(_duration(rest[1], text), offset, text)


def interval_of(every: int, offset: int, text: str) -> Interval:
    """Return the interval, its offset brought below one turn. Raises InvalidScheduleError quoting ``text``."""
    if not SHORTEST <= every <= LONGEST:
        raise InvalidScheduleError(text, f"an interval is at least 10ms and at most {LONGEST // 86_400_000_000}d")
    return Interval(every, offset % every)


def _read_at_words(words: list[str], text: str) -> Schedule:
    if len(words) not in (2, 3):
        raise InvalidScheduleError(text, "'at' takes one moment", "write it as in 'at 2026-12-24T18:00'")
    return read_at(" ".join(words[1:]), text)


def _read_rrule(words: list[str], text: str) -> Schedule:
    return read_rrule(words[1:], text)


def _read_elevation(words: list[str], text: str) -> Schedule:
    rest, offset = _split_offset(words, text)
    return read_elevation(rest[1:], offset, text)


def _read_event(words: list[str], text: str) -> Schedule:
    rest, offset = _split_offset(words, text)
    event = rest[0].lower()
    return read_solar("solar_noon" if event == "noon" else event, rest[1:], offset, text)


def _split_offset(words: list[str], text: str) -> tuple[list[str], int]:
    place = next((place for place, word in enumerate(words) if word.lower() == "offset"), None)
    if place is None:
        return words, 0
    if place != len(words) - 2:
        raise InvalidScheduleError(text, "'offset' comes last and takes one duration", "write it as in 'offset 3m'")
    word = words[-1]
    size = _duration(word.removeprefix("-"), text)
    return words[:place], -size if word.startswith("-") else size


def _duration(word: str, text: str) -> int:
    try:
        return parse_duration(word)
    except ValueError as error:
        hint = suggestion(text)
        reason = str(error).partition("; write")[0] if hint else str(error)
        raise InvalidScheduleError(text, reason, hint) from None


_READERS: dict[str, Callable[[list[str], str], Schedule]] = {
    "every": _read_every,
    "cron": _read_cron,
    "at": _read_at_words,
    "rrule": _read_rrule,
    "sun_elevation": _read_elevation,
    "noon": _read_event,
    **dict.fromkeys(EVENTS, _read_event),
}
