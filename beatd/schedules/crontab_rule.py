"""A crontab rule: six fields and how the two day fields go together; its text read and written."""

from typing import NamedTuple

from beatd.errors import InvalidScheduleError
from beatd.schedules.crontab_fields import (
    DAY_OF_MONTH,
    DAY_OF_WEEK,
    HOUR,
    MINUTE,
    MONTH,
    MONTHS,
    SECOND,
    Field,
    read_field,
    write_field,
)
from beatd.schedules.days import month_length

KINDS = (SECOND, MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK)
_ON_THE_MINUTE = Field(mask=1, star=False)


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
    demands_both: bool = False

    @property
    def both(self) -> bool:
        """Whether a day must match day of month and day of week."""
        return self.demands_both or self.day_of_month.star or self.day_of_week.star

    @property
    def follows_elapsed_time(self) -> bool:
        """Whether it means real instants ("every five minutes") and not moments on the wall clock ("at half past")."""
        return self.minute.star or self.hour.star

    def __str__(self) -> str:
        fields = (self.second, self.minute, self.hour, self.day_of_month, self.month, self.day_of_week)
        words = [write_field(kind, field) for kind, field in zip(KINDS, fields, strict=True)]
        if self.demands_both:
            words[-1] = "&" + words[-1]
        return " ".join(words if self.second != _ON_THE_MINUTE else words[1:])


def read_crontab(words: list[str], text: str) -> CrontabRule:
    """Return the rule of five fields, or of six with seconds first. Raises InvalidScheduleError quoting ``text``."""
    if len(words) == 7:
        raise InvalidScheduleError(text, "a crontab of 7 fields (with years) is not in this version")
    if len(words) not in (5, 6):
        wanted = "minute, hour, day of month, month, day of week"
        reason = f"a crontab has 5 fields ({wanted}), or 6 with seconds first; found {len(words)}"
        raise InvalidScheduleError(text, reason, _completed(words))
    wants_both = words[-1].startswith("&")
    words = [*words[:-1], words[-1].removeprefix("&")]
    try:
        fields = [read_field(kind, word) for kind, word in zip(KINDS[-len(words) :], words, strict=True)]
    except ValueError as error:
        raise InvalidScheduleError(text, str(error)) from None
    second = _ON_THE_MINUTE if len(fields) == 5 else fields.pop(0)
    minute, hour, day_of_month, month, day_of_week = fields
    rule = CrontabRule(second, minute, hour, day_of_month, month, day_of_week)
    rule = rule._replace(demands_both=wants_both and not rule.both)
    _refuse_if_it_never_fires(rule, text)
    return rule


def _completed(words: list[str]) -> str | None:
    return f"write {' '.join([*words, *'*' * (5 - len(words))])!r}" if 2 <= len(words) < 5 else None


def _refuse_if_it_never_fires(rule: CrontabRule, text: str) -> None:
    if not rule.both:
        return  # either day field will do, and every week has each of its days
    months = [month for month in range(1, 13) if rule.month.mask >> month & 1]
    first = rule.day_of_month.mask & -rule.day_of_month.mask
    longest = max(month_length(2000, month) for month in months)
    if first >> longest + 1 == 0:
        return
    names = ", ".join(MONTHS[month - 1] for month in months)
    raise InvalidScheduleError(text, f"it can never fire: day {first.bit_length() - 1} never comes in {names}")
