"""A crontab rule: its fields and how the two day fields go together; its text read and written."""

import re
from typing import NamedTuple

from beatd.errors import InvalidScheduleError
from beatd.schedules.crontab.days import MonthDays
from beatd.schedules.crontab.fields import (
    DAY_OF_MONTH,
    DAY_OF_WEEK,
    HOUR,
    MINUTE,
    MONTH,
    MONTHS,
    SECOND,
    YEAR,
    Field,
    bits,
    everything,
)
from beatd.schedules.crontab.reader import read_field
from beatd.schedules.crontab.writer import write_field

KINDS = (SECOND, MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK)
_WITH_YEAR = (*KINDS, YEAR)
_YEARS = re.compile(r"(19|20)[0-9]{2}([-,/][0-9].*)?")
_ON_THE_MINUTE = Field(mask=1, star=False)
_EVERY_YEAR = Field(everything(YEAR), star=True)


class CrontabRule(NamedTuple):
    """Which local times match. ``demands_both``: the ``&`` before a day of week where the stars do not say so already.

    As in Vixie and Debian cron, both day fields must match where the text of either starts with ``*``, else either.
    """

    second: Field
    minute: Field
    hour: Field
    day_of_month: Field
    month: Field
    day_of_week: Field
    year: Field = _EVERY_YEAR
    demands_both: bool = False

    @property
    def both(self) -> bool:
        """Whether a day must match day of month and day of week."""
        return self.demands_both or self.day_of_month.star or self.day_of_week.star

    @property
    def follows_elapsed_time(self) -> bool:
        """Whether it means real instants ("every five minutes") and not moments on the wall clock ("at half past")."""
        return self.minute.star or self.hour.star

    @property
    def hashed(self) -> bool:
        """Whether any field has an ``H``, so that the entry's name makes a difference."""
        times = self.second.hashed or self.minute.hashed or self.hour.hashed
        return bool(
            times or self.day_of_month.hashed or self.month.hashed or self.day_of_week.hashed or self.year.hashed
        )

    @property
    def days(self) -> MonthDays:
        """The days of a month, by both day fields; of a rule without ``H``, as ``under`` returns it."""
        dates, weekdays = self.day_of_month, self.day_of_week
        return MonthDays(dates.mask, dates.marks, weekdays.mask, weekdays.marks, self.both)

    @property
    def years(self) -> int | None:
        """The years as a bit mask, or None for all there are."""
        return None if self.year == _EVERY_YEAR else self.year.mask

    def under(self, name: str) -> "CrontabRule":
        """Return the rule with each ``H`` turned to values for the entry of this name."""
        if not self.hashed:
            return self
        fields = (field.under(kind, name) for kind, field in zip(_WITH_YEAR, self._fields_of(), strict=True))
        return CrontabRule._make((*fields, self.demands_both))

    def __str__(self) -> str:
        words = [write_field(kind, field) for kind, field in zip(_WITH_YEAR, self._fields_of(), strict=True)]
        if self.demands_both:
            words[5] = "&" + words[5]
        if self.year != _EVERY_YEAR:
            return " ".join(words)
        return " ".join(words[:6] if self.second != _ON_THE_MINUTE else words[1:6])

    def _fields_of(self) -> tuple[Field, ...]:
        return self[:7]


def read_crontab(words: list[str], text: str) -> CrontabRule:
    """Return the rule of five fields, six (seconds first) or seven (years last). Raises InvalidScheduleError."""
    if not 5 <= len(words) <= 7:
        wanted = "minute, hour, day of month, month, day of week"
        reason = f"a crontab has 5 fields ({wanted}), 6 with seconds first, 7 with years last; found {len(words)}"
        raise InvalidScheduleError(text, reason, _completed(words))
    if len(words) == 6 and _YEARS.fullmatch(words[5]):
        hint = f"write {' '.join(['0', *words])!r}"
        reason = f"{words[5]!r} stands in the place of the day of week; with years there are 7 fields, seconds first"
        raise InvalidScheduleError(text, reason, hint)
    kinds = _WITH_YEAR if len(words) == 7 else KINDS[-len(words) :]
    place = kinds.index(DAY_OF_WEEK)
    wants_both = words[place].startswith("&")
    if wants_both:
        words = [*words[:place], words[place][1:], *words[place + 1 :]]
    try:
        fields = [read_field(kind, word) for kind, word in zip(kinds, words, strict=True)]
    except ValueError as error:
        raise InvalidScheduleError(text, str(error)) from None
    if len(fields) == 5:
        fields.insert(0, _ON_THE_MINUTE)
    if len(fields) == 6:
        fields.append(_EVERY_YEAR)
    stars = fields[3].star or fields[5].star
    rule = CrontabRule._make((*fields, wants_both and not stars))
    if not rule.hashed:
        refuse_if_it_never_fires(rule, text)
    return rule


def refuse_if_it_never_fires(rule: CrontabRule, written: str | CrontabRule) -> None:
    """Raise InvalidScheduleError where no month of no year has such a day; of a rule without ``H``."""
    if rule.days.ever(rule.month.mask, rule.years):
        return
    dates, weekdays = write_field(DAY_OF_MONTH, rule.day_of_month), write_field(DAY_OF_WEEK, rule.day_of_week)
    days = (" and " if rule.both else " or ").join(each for each in (dates, weekdays) if each != "*")
    every_month = rule.month.mask == everything(MONTH)
    months = "any month" if every_month else ", ".join(MONTHS[month - 1] for month in bits(rule.month.mask))
    years = "" if rule.years is None else f" in {write_field(YEAR, rule.year)}"
    hint = "write 'L' for the last day of a month" if days == dates and rule.day_of_month.mask else None
    raise InvalidScheduleError(str(written), f"it can never fire: no day of {months}{years} is {days}", hint)


def _completed(words: list[str]) -> str | None:
    return f"write {' '.join([*words, *'*' * (5 - len(words))])!r}" if 2 <= len(words) < 5 else None
