"""Closed days, and where a fire moves that falls on one."""

from beatd.schedules.composition.calendars import Calendar
from beatd.schedules.composition.day_blocks import DayBlocks
from beatd.schedules.composition.spans import ALL_DAYS, Span, fill

LONGEST_RUN = 366
"""Days. A fire that would have to move further does not exist."""


class ClosedDays(DayBlocks):
    """The days that spans of dates and calendars close. Hashable."""

    __slots__ = ("_parts",)

    def __init__(self, parts: tuple[Span | Calendar, ...]) -> None:
        super().__init__()
        self._parts = parts

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, ClosedDays) and self._parts == other._parts)

    def __hash__(self) -> int:
        return hash(self._parts)

    def table(self, first: int, size: int) -> bytes:
        """Return one byte a day, 1 where it is closed, of the ``size`` days from ``first`` on."""
        table = bytearray(size)
        for part in self._parts:
            if isinstance(part, Calendar):
                part.mark(first, table)
            else:
                fill((part,), first, table, 1)
        return bytes(table)

    @property
    def usual(self) -> "ClosedDays":
        """What is closed in every year: days of the week, and all days where these are closed."""
        weekly = (Calendar("", closed=part.closed) for part in self._parts if isinstance(part, Calendar))
        return ClosedDays((*weekly, *(part for part in self._parts if part == ALL_DAYS)))

    @property
    def always(self) -> bool:
        """Whether no day is ever open."""
        return self.usual.count(0, 7) == 7 and not self.reopened

    @property
    def reopened(self) -> tuple[Span, ...]:
        """Runs of days that are open though usually closed."""
        return tuple(span for part in self._parts if isinstance(part, Calendar) for span in part.open)

    @property
    def unusual(self) -> tuple[Span, ...] | None:
        """Runs of days that may be closed or open otherwise than usual; None where there are public holidays."""
        calendars = [part for part in self._parts if isinstance(part, Calendar)]
        if any(calendar.country for calendar in calendars):
            return None
        dates = (part for part in self._parts if not isinstance(part, Calendar) and part != ALL_DAYS)
        return (*dates, *(span for calendar in calendars for span in calendar.dates), *self.reopened)

    def sources(self, day: int, *, forward: bool) -> range:
        """Return the days whose fires fall on this open one: itself, and the run of closed days that moves to it."""
        if forward:
            opened = self.last(day - 1, within=False)
            least = day - LONGEST_RUN
            return range(least if opened is None else max(least, opened + 1), day + 1)
        opened = self.next(day + 1, within=False)
        most = day + LONGEST_RUN
        return range(day, (most if opened is None else min(most, opened - 1)) + 1)

    def moved(self, day: int, *, forward: bool) -> int | None:
        """Return the day to which fires of this one move, itself where it is open, or None in 40 years."""
        return self.next(day, within=False) if forward else self.last(day, within=False)
