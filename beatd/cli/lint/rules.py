"""What a schedule's canonical text does that one may not see in it."""

from collections.abc import Iterator

from beatd.cli.output import local
from beatd.schedules.crontab.day_table import month_length
from beatd.schedules.crontab.fields import MONTHS
from beatd.schedules.durations import UNITS, parse_duration
from beatd.schedules.english.fields import CronText, FieldText, read_cron

_LEAP_YEAR = 2000


def rule_notes(text: str, timezone: str, fire: int | None) -> Iterator[str]:
    """Yield what a canonical schedule does that its text does not tell.

    ``fire`` is one of its moments; None leaves out what depends on one.
    """
    for rule in text.split(" | "):
        words = rule.split()
        if words[0] == "every" and "offset" not in words and fire is not None:
            yield from _long_interval(words[1], timezone, fire)
        if (fields := read_cron(rule)) is not None:
            yield from _both_days(rule, fields)
            yield from _uneven_steps(rule, fields)
            yield from _missing_dates(rule, fields)


def _long_interval(written: str, timezone: str, fire: int) -> Iterator[str]:
    if (length := parse_duration(written)) < UNITS["d"]:
        return
    at = local(fire, timezone)
    day = f"{at:%A}s at " if length % UNITS["w"] == 0 else ""
    when = f"{day}{at:%H:%M %Z}" if length % UNITS["d"] == 0 else f"{at:%A %Y-%m-%d %H:%M %Z}"
    yield f"every {written} counts from 1970-01-01 UTC: it fires {when}; an offset or starts_at says otherwise"


def _both_days(rule: str, fields: CronText) -> Iterator[str]:
    """Yield which of the two ways a crontab with both kinds of day is read, as Vixie's cron reads it."""
    if not fields.restricts_both_days:
        return
    days = f"{rule!r} fires on days that match"
    if fields.both:
        # Written on purpose: only somebody who knows the rule writes &.
        if "&" not in rule:
            yield f"{days} both the day of month and the day of week, because one of them starts with *"
        return
    yield f"{days} the day of month or the day of week; write & before the latter for both"


def _uneven_steps(rule: str, fields: CronText) -> Iterator[str]:
    for field in (fields.second, fields.minute, fields.hour, fields.month):
        for span in _starred(field):
            if span_rest := field.size % span:
                yield (
                    f"{rule!r}: {field.name} */{span} starts afresh each {_WHOLE[field.name]}, so the last step is "
                    f"shorter ({span_rest}, not {span}){_remedy(field, span)}"
                )
    # Beside a day of the week the steps are there for the rule that both must match.
    for span in _starred(fields.day_of_month) if fields.day_of_week.everything else ():
        yield (
            f"{rule!r}: day of month */{span} starts afresh on the first of each month, whatever the last day of the "
            f"month before was; every {span}d is always {span} days apart"
        )


_WHOLE = {"second": "minute", "minute": "hour", "hour": "day", "month": "year"}


def _remedy(field: FieldText, step: int) -> str:
    unit = {"second": "s", "minute": "m", "hour": "h"}.get(field.name)
    return f"; every {step}{unit} keeps its pace" if unit else ""


def _starred(field: FieldText) -> Iterator[int]:
    """Yield the steps of items that begin with ``*``."""
    for item in field.text.split(","):
        star, _, step = item.partition("/")
        if star == "*" and step:
            yield int(step)


def _missing_dates(rule: str, fields: CronText) -> Iterator[str]:
    """Yield which months do not have a day that is listed by itself, as 31 is, and not as the end of a range."""
    listed = [span.first for span in fields.day_of_month.spans if span.first == span.last]
    last = max(listed, default=0)
    months = [month for month in sorted(fields.month.values) if month_length(_LEAP_YEAR, month) < last]
    if months:
        names = ", ".join(MONTHS[month - 1] for month in months)
        yield f"{rule!r}: {names} {'have' if len(months) > 1 else 'has'} no day {last}; L is the last day of any month"
