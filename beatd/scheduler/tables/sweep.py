"""The slow comparison of all of a table, which finds what its triggers did not see."""

from beatd.ports import Clock
from beatd.rowports import Rows
from beatd.scheduler.tables.exchange import Exchange, Prints

SECOND = 1_000_000
LASTS = 600
"""In how many seconds a table is compared once, unless it has more rows than may be read in that time."""

LEAST, MOST = 100, 1000
"""How many rows are compared in a second at the least and at the most: each costs 10 to 20 µs of one core."""


class Sweep:
    """Goes through a table a second's worth at a time, from the first row to the last, and begins again."""

    def __init__(self, rows: Rows, clock: Clock, exchange: Exchange) -> None:
        self._rows = rows
        self._clock = clock
        self._exchange = exchange
        self._place = ""
        self._size = LEAST
        self._count = 0
        self._next = clock.elapsed() + SECOND

    def expect(self, rows: int) -> None:
        """Take note of how many rows there are."""
        self._size = min(MOST, max(LEAST, -(-rows // LASTS)))

    def begin(self) -> None:
        """Begin with the first row, at once."""
        self._place, self._count, self._next = "", 0, 0

    def step(self) -> bool:
        """Hand over the next rows when it is time."""
        elapsed = self._clock.elapsed()
        if elapsed < self._next or self._exchange.is_full:
            return False
        rows, last = self._rows.prints(self._place, self._size)
        self._exchange.put(Prints(rows, begins=not self._place, ends=last is None))
        self._count += len(rows)
        self._place, self._next = last or "", elapsed + SECOND
        if last is None:
            self.expect(self._count)
            # A small table is compared every minute, not every second.
            self._count, self._next = 0, elapsed + 60 * SECOND
        return True
