"""Which seconds of a day a crontab matches: bit masks over seconds and minutes, and a table of the next minute."""

from array import array
from functools import lru_cache

DAY = 86_400
_MINUTES = 1440


class TimeTable:
    """The seconds of a day that second, minute and hour (bit masks) let through. None at all is not possible."""

    __slots__ = ("_after_minute", "_after_second", "_minutes", "_seconds", "first", "last_one", "per_day", "per_minute")

    def __init__(self, second: int, minute: int, hour: int) -> None:
        self._seconds = second
        self._minutes = sum(minute << 60 * each for each in range(24) if hour >> each & 1)
        # Minute 1440 stands for "not today": times built from it are DAY or more.
        self._after_minute = array("H", _next_set(self._minutes, _MINUTES))
        self._after_second = bytes(_next_set(second, 60))
        self.per_minute = second.bit_count()
        self.per_day = self._minutes.bit_count() * self.per_minute
        self.first = self.next(0)
        self.last_one = self.last(DAY - 1)

    def next(self, second: int) -> int:
        """Return the first of them from ``second`` on, or DAY or more if there is none that day."""
        minute = second // 60
        after = self._after_minute
        if after[minute] == minute:
            found = self._after_second[second - minute * 60]
            if found < 60:
                return minute * 60 + found
            minute += 1
        return after[minute] * 60 + self._after_second[0]

    def last(self, second: int) -> int:
        """Return the last of them up to ``second``, or -1."""
        minute, rest = divmod(second, 60)
        if self._minutes >> minute & 1:
            found = _highest(self._seconds, rest + 1)
            if found >= 0:
                return minute * 60 + found
        minute = _highest(self._minutes, minute)
        return minute * 60 + _highest(self._seconds, 60) if minute >= 0 else -1

    def before(self, second: int) -> int:
        """Return how many of them are earlier than ``second``."""
        minute, rest = divmod(second, 60)
        total = (self._minutes & ((1 << minute) - 1)).bit_count() * self.per_minute
        if self._minutes >> minute & 1:
            total += (self._seconds & ((1 << rest) - 1)).bit_count()
        return total


def _next_set(mask: int, size: int) -> list[int]:
    """Return for each place 0..size the first set bit from there on, or ``size``."""
    table, found = [size] * (size + 1), size
    for place in range(size - 1, -1, -1):
        if mask >> place & 1:
            found = place
        table[place] = found
    return table


def _highest(mask: int, below: int) -> int:
    return (mask & ((1 << below) - 1)).bit_length() - 1


@lru_cache(maxsize=4096)
def time_table(second: int, minute: int, hour: int) -> TimeTable:
    """Return the one table of these masks, shared by all rules that have them."""
    return TimeTable(second, minute, hour)
