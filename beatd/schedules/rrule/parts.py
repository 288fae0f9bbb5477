"""A recurrence rule as RFC 5545 divides it: its parts, and the one way in which they are written."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple, Self

from beatd.schedules.crontab.day_table import civil
from beatd.schedules.moments import SECOND, from_us, to_us

DAY = 86_400
UNITS = {"YEARLY": DAY, "MONTHLY": DAY, "WEEKLY": DAY, "DAILY": DAY, "HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}
"""Seconds in what the rule steps by, or a day where it steps by more."""

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
NUMBERS = {
    "BYMONTH": "month",
    "BYWEEKNO": "week_number",
    "BYYEARDAY": "year_day",
    "BYMONTHDAY": "month_day",
    "BYHOUR": "hour",
    "BYMINUTE": "minute",
    "BYSECOND": "second",
    "BYSETPOS": "position",
    "BYEASTER": "easter",
}


class Moment(NamedTuple):
    """What DTSTART and UNTIL hold: seconds from 1970-01-01T00:00, in UTC if an ``instant``, else on the local clock."""

    second: int
    instant: bool

    def __str__(self) -> str:
        return f"{from_us(self.second * SECOND):%Y%m%dT%H%M%S}".zfill(15) + ("Z" if self.instant else "")

    @classmethod
    def of(cls, reading: datetime, *, instant: bool) -> Self:
        """Return the moment of a datetime without zone."""
        return cls(to_us(reading.replace(tzinfo=UTC)) // SECOND, instant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """The parts of a rule; numbers sorted, each once, none where the part is not given.

    ``weekday`` holds pairs (0 for Monday, n): the nth of the month or year, from its end if negative, each one if 0.
    """

    freq: str
    start: Moment | None = None
    until: Moment | None = None
    count: int | None = None
    interval: int = 1
    week_start: int = 0
    month: tuple[int, ...] = ()
    week_number: tuple[int, ...] = ()
    year_day: tuple[int, ...] = ()
    month_day: tuple[int, ...] = ()
    weekday: tuple[tuple[int, int], ...] = ()
    hour: tuple[int, ...] = ()
    minute: tuple[int, ...] = ()
    second: tuple[int, ...] = ()
    position: tuple[int, ...] = ()
    easter: tuple[int, ...] = ()

    def __str__(self) -> str:
        return "rrule " + ";".join(f"{key}={value}" for key, value in self._written() if value)

    def _written(self) -> list[tuple[str, str]]:
        numbers = {key: ",".join(map(str, getattr(self, field))) for key, field in NUMBERS.items()}
        days = ",".join(f"{place or ''}{WEEKDAYS[day]}" for day, place in self.weekday)
        return [
            ("DTSTART", str(self.start or "")),
            ("FREQ", self.freq),
            ("INTERVAL", str(self.interval) if self.interval > 1 else ""),
            ("COUNT", str(self.count or "")),
            ("UNTIL", str(self.until or "")),
            ("WKST", WEEKDAYS[self.week_start] if self.week_start else ""),
            *((key, numbers[key]) for key in ("BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY")),
            ("BYDAY", days),
            *((key, numbers[key]) for key in ("BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS", "BYEASTER")),
        ]

    @property
    def unit(self) -> int:
        """Seconds in what the rule steps by, or a day where it steps by more."""
        return UNITS[self.freq]

    @property
    def takes_weekday(self) -> bool:
        """Whether its day of the week is that of its start."""
        chosen = self.year_day or self.month_day or self.weekday or self.easter
        return not chosen and (self.freq == "WEEKLY" or bool(self.week_number))

    def filled(self, start: int, clock: int) -> "Recurrence":
        """Return the rule with all that it leaves open taken from its start.

        ``start`` is a local second, which gives month and day; ``clock`` a second of the day, which gives the time.
        """
        _, month, day = civil(start // DAY)
        rule = self
        if self.takes_weekday:
            # 1970-01-01 was a Thursday, hence the 3.
            rule = replace(rule, weekday=(((start // DAY + 3) % 7, 0),))
        elif self.freq in ("YEARLY", "MONTHLY") and not self._chooses_days:
            months = self.month or ((month,) if self.freq == "YEARLY" else ())
            rule = replace(rule, month=months, month_day=(day,))
        return replace(
            rule,
            hour=self.hour or ((clock // 3600,) if self.unit > 3600 else ()),
            minute=self.minute or ((clock // 60 % 60,) if self.unit > 60 else ()),
            second=self.second or ((clock % 60,) if self.unit > 1 else ()),
        )

    @property
    def _chooses_days(self) -> bool:
        return bool(self.week_number or self.year_day or self.month_day or self.weekday or self.easter)
