"""A schedule as users give it, a text, a list of texts, or values, as its canonical text."""

from datetime import timedelta
from typing import Any

from beatd.core.field_values import FieldError, shown
from beatd.errors import InvalidScheduleError
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.durations import format_duration

_WHAT = 'must be text such as "every 5m" or "0 8 * * mon-fri", or a list of them'


def rule_text(key: str, value: Any, terms: Terms) -> str:
    """Return the canonical text, checked under ``terms``. Raises FieldError."""
    # All kinds of rules come with it, and who only runs tasks reads none.
    from beatd.schedules.text import parse

    text = written(key, value, _WHAT)
    try:
        return str(parse(text, terms))
    except InvalidScheduleError as error:
        raise FieldError(key, f"bad schedule {shown(error.text)}: {error.reason}", error.hint) from None


def written(key: str, value: Any, what: str) -> str:
    """Return a rule, or several, as one text; ``what`` says what is taken. Raises FieldError."""
    rules = value if isinstance(value, list | tuple) else [value]
    if not rules:
        raise FieldError(key, f"{what}, got an empty list")
    return " | ".join(_written(key, rule, what) for rule in rules)


def _written(key: str, rule: Any, what: str) -> str:
    if isinstance(rule, Schedule | str):
        return str(rule)
    if isinstance(rule, timedelta):
        return f"every {format_duration(rule // timedelta(microseconds=1))}"
    raise FieldError(key, f"{what}, got {shown(rule)}", _remedy(key, rule))


def _remedy(key: str, rule: Any) -> str | None:
    if not isinstance(rule, int | float) or isinstance(rule, bool):
        return None
    return 'write exclude = "dates 2026-12-24", or leave it out' if key == "exclude" else f'write "every {rule}s"'
