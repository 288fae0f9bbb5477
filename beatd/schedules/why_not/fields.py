"""Which fields of a crontab do not match a reading of the clock."""

from collections.abc import Iterator
from datetime import datetime

from beatd.schedules.crontab.day_table import month_length
from beatd.schedules.crontab.days import MonthDays
from beatd.schedules.crontab.fields import DAY_OF_MONTH, DAY_OF_WEEK, WEEKDAYS
from beatd.schedules.crontab.reader import read_field
from beatd.schedules.english.fields import CronText, FieldText
from beatd.schedules.why_not.reason import Reason

_MOST_VALUES = 12


def field_reasons(fields: CronText, local: datetime) -> Iterator[Reason]:
    """Yield a reason for each field that leaves this reading out; the day counts as the day rule has it."""
    plain = (
        (fields.hour, local.hour),
        (fields.minute, local.minute),
        (fields.second, local.second),
        (fields.month, local.month),
        *(((fields.year, local.year),) if fields.year else ()),
    )
    for field, value in plain:
        if not field.special and value not in field.values:
            yield Reason(field.name, f"{field.name} is {value}; the rule has {_has(field)}")
    if local.microsecond:
        yield Reason("second", "a crontab names whole seconds")
    yield from _day_reasons(fields, local)


def _day_reasons(fields: CronText, local: datetime) -> Iterator[Reason]:
    date, week = fields.day_of_month, fields.day_of_week
    date_matches, week_matches = _is_date(date, local), _is_weekday(week, local)
    day = f"day of month is {local.day}; the rule has {_has(date)}"
    weekday = f"day of week is {WEEKDAYS[_weekday(local)]} ({local:%Y-%m-%d}); the rule has {week.text}"
    if fields.restricts_both_days and not fields.both:
        if not date_matches and not week_matches:
            yield Reason("day of month", f"{day} (or day of week {week.text}: either is enough)")
            yield Reason("day of week", f"{weekday} (or day of month {date.text}: either is enough)")
        return
    also = "; both must match" if fields.restricts_both_days else ""
    if not date_matches:
        yield Reason("day of month", day + also)
    if not week_matches:
        yield Reason("day of week", weekday + also)


def _has(field: FieldText) -> str:
    values = sorted(field.values)
    stepped = any(span.step > 1 for span in field.spans)
    if field.special or not stepped or len(values) > _MOST_VALUES:
        return field.text.replace(",", ", ")
    return f"{field.text} ({', '.join(map(str, values))})"


def _weekday(local: datetime) -> int:
    return local.isoweekday() % 7


def _is_date(field: FieldText, local: datetime) -> bool:
    dates = read_field(DAY_OF_MONTH, field.text)
    return _comes(MonthDays(dates.mask, dates.marks, 0, (), both=False), local)


def _is_weekday(field: FieldText, local: datetime) -> bool:
    days = read_field(DAY_OF_WEEK, field.text)
    return _comes(MonthDays(0, (), days.mask, days.marks, both=False), local)


def _comes(days: MonthDays, local: datetime) -> bool:
    found = days(_weekday(local.replace(day=1)), month_length(local.year, local.month))
    return bool(found >> local.day - 1 & 1)
