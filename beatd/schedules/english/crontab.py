"""A crontab in plain English: the times of day, then the days."""

import re

from beatd.schedules.crontab.fields import WEEKDAYS
from beatd.schedules.english.fields import CronText, FieldText, Span
from beatd.schedules.english.words import counted, listed, nth_ending, ordinal

WEEKDAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MOST_TIMES = 6
_SPECIAL_WEEKDAY = re.compile(r"([a-z]{3})(?:#([1-5])|l)")


def crontab_words(fields: CronText) -> str:
    """Return what a crontab says, without a capital letter first."""
    return " ".join(part for part in (_times(fields), _days(fields)) if part)


def _times(fields: CronText) -> str:
    second, minute, hour = fields.second, fields.minute, fields.hour
    if any(field.special for field in (second, minute, hour)):
        return _hashed(second, minute, hour)
    times = len(second.values) * len(minute.values) * len(hour.values)
    if times <= _MOST_TIMES and not (hour.everything or minute.everything):
        return "at " + listed(_clock_times(second, minute, hour))
    if second.values == {0} and len(minute.values) == 1:
        return _hourly(min(minute.values), hour)
    scope = f" {_hours(hour)}" if not hour.everything else ""
    if second.values != {0}:
        within = "" if minute.everything else f" of {_within(minute)}"
        return f"{_repeated(second, 'minute')}{within}{scope}"
    return f"{_repeated(minute, 'hour')}{scope}"


def _clock_times(second: FieldText, minute: FieldText, hour: FieldText) -> list[str]:
    shown = second.values != {0}
    return [
        f"{hh:02d}:{mm:02d}:{ss:02d}" if shown else f"{hh:02d}:{mm:02d}"
        for hh in sorted(hour.values)
        for mm in sorted(minute.values)
        for ss in sorted(second.values)
    ]


def _hourly(minute: int, hour: FieldText) -> str:
    """Return what fires once an hour."""
    past = "on the hour" if minute == 0 else f"{counted(minute, 'minute')} past"
    if hour.everything:
        return f"every hour, {past}"
    if len(hour.spans) != 1:
        return f"at minute {minute} {_hours(hour)}"
    span = hour.spans[0]
    last = max(hour.values) if span.last >= span.first else span.last
    step = "every hour" if span.step == 1 else f"every {span.step} hours"
    return f"{step} from {span.first:02d}:{minute:02d} to {last:02d}:{minute:02d}"


def _repeated(field: FieldText, whole: str) -> str:
    """Return what fires several times in each ``whole``."""
    if field.everything:
        return f"every {field.name}"
    step = field.spans[0].step
    if step > 1 and field.size % step == 0 and field.values == frozenset(range(0, field.size, step)):
        return f"every {step} {field.name}s"
    return f"at {_within(field)} of every {whole}"


def _within(field: FieldText) -> str:
    """Return the values as a list: ``minutes 0, 20 and 40``."""
    plural = "" if len(field.values) == 1 else "s"
    if len(field.spans) == 1 and field.spans[0].step > 1 and len(field.values) > _MOST_TIMES:
        first, last, step = field.spans[0].first, max(field.values), field.spans[0].step
        return f"every {step}{nth_ending(step)} {field.name} from {first} to {last}"
    return f"{field.name}{plural} {listed(_values(field))}"


def _values(field: FieldText) -> list[str]:
    if all(span.step == 1 for span in field.spans):
        return [_span(span, [str(value) for value in range(60)]) for span in field.spans]
    return [str(value) for value in sorted(field.values)]


def _hours(hour: FieldText) -> str:
    if len(hour.spans) == 1 and hour.spans[0].step == 1:
        first, last, _ = hour.spans[0]
        return f"between {first:02d}:00 and {last:02d}:59"
    step = hour.spans[0].step
    if step > 1 and hour.values == frozenset(range(0, hour.size, step)):
        return f"of every {step}{nth_ending(step)} hour, from 00:00"
    return "during the hours " + listed([str(value) for value in sorted(hour.values)])


def _hashed(second: FieldText, minute: FieldText, hour: FieldText) -> str:
    """Return a time of which the entry's name decides a part."""
    drawn = [field.name for field in (second, minute, hour) if field.special]
    rest = [field for field in (minute, hour) if not field.special]
    fixed = [f"{field.name} {field.text}" for field in rest if not field.everything]
    words = f"at the {listed(drawn)} that H ({_texts(second, minute, hour)}) draws from the entry's name"
    return words + (f", {listed(fixed)}" if fixed else "")


def _texts(*fields: FieldText) -> str:
    return ", ".join(f"{field.name} {field.text.upper()}" for field in fields if field.special)


def _days(fields: CronText) -> str:
    months, days, week = fields.month, fields.day_of_month, fields.day_of_week
    month = "every month" if months.everything else listed(_months(months))
    years = f" in {listed(_years(fields.year))}" if fields.year and not fields.year.everything else ""
    if days.everything and week.everything:
        return f"in {month}{years}" if not months.everything else years.strip()
    date = f"on {_dates(days)} of {month}"
    weekday = listed(_weekdays(week, month))
    season = "" if months.everything or any(week.special) else f" in {month}"
    if days.everything:
        return f"on {weekday}{season}{years}"
    if week.everything:
        return date + years
    if fields.both:
        return f"{date}, if that is {listed(_weekdays(week, month), 'or')}{years}"
    return f"{date} or on {weekday}{season} (either is enough){years}"


def _dates(field: FieldText) -> str:
    plain = [span for span in field.spans if span.step == 1]
    words = []
    if plain:
        single = len(plain) == 1 and plain[0].first == plain[0].last
        words.append(f"{'day' if single else 'days'} {listed([_span(span, _NUMBERS) for span in plain])}")
    words += [_stepped(span) for span in field.spans if span.step > 1]
    return listed(words + [_special_date(item) for item in field.special])


_NUMBERS = [str(number) for number in range(32)]


def _stepped(span: Span) -> str:
    return f"every {span.step}{nth_ending(span.step)} day from {span.first} to {span.last}"


def _special_date(item: str) -> str:
    if item == "l":
        return "the last day"
    if item == "lw":
        return "the last weekday (Monday to Friday)"
    if item.startswith("l-"):
        return f"the day {counted(int(item[2:]), 'day')} before the last"
    if item.endswith("w"):
        return f"the weekday (Monday to Friday) nearest to day {item[:-1]}"
    return f"the day that {item.upper()} draws from the entry's name"


def _weekdays(field: FieldText, month: str) -> list[str]:
    words = [_week_span(span) for span in field.spans]
    for item in field.special:
        found = _SPECIAL_WEEKDAY.fullmatch(item)
        if found is None:
            words.append(f"the weekday that {item.upper()} draws from the entry's name")
            continue
        nth = ordinal(int(found[2])) if found[2] else "last"
        words.append(f"the {nth} {WEEKDAY_NAMES[WEEKDAYS.index(found[1])]} of {month}")
    return words


def _week_span(span: Span) -> str:
    if span.step == 1:
        return _span(span, WEEKDAY_NAMES)
    return listed([WEEKDAY_NAMES[day] for day in range(span.first, span.last + 1, span.step)])


def _months(field: FieldText) -> list[str]:
    names = ("", *MONTH_NAMES)
    if all(span.step == 1 for span in field.spans):
        return [_span(span, names) for span in field.spans]
    return [names[month] for month in sorted(field.values)]


def _years(field: FieldText) -> list[str]:
    return [
        (str(span.first) if span.first == span.last else f"{span.first} to {span.last}")
        + (f" every {span.step} years" if span.step > 1 else "")
        for span in field.spans
    ]


def _span(span: Span, names: list[str] | tuple[str, ...]) -> str:
    if span.first == span.last:
        return names[span.first]
    return f"{names[span.first]} to {names[span.last]}"
