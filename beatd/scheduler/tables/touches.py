"""Rows that are given new versions as they are, no row more than once in ten seconds."""

from collections.abc import Mapping

from beatd.scheduler.book import Book
from beatd.scheduler.tables.table import Table
from beatd.scheduler.timekeeper import SECOND, Timekeeper

APART = 10 * SECOND
"""How long after one touch a row is not touched again."""


class Touches:
    """What is asked of the tables; a row that is locked is passed over there, and asked for again with another look."""

    def __init__(self, time: Timekeeper) -> None:
        self._time = time
        self._touched: dict[str, int] = {}
        self._overtaken: dict[str, tuple[Table, bool, int]] = {}
        """Names of whose newest version the table has another one now: it, whether there is a row, the number."""

    def put(self, table: Table, names: Mapping[str, tuple[int | None, int]]) -> None:
        """Ask for touches, as ``Upkeep.touch`` has them, of those that were not touched lately."""
        now = self._time.elapsed()
        fresh = {name: told for name, told in names.items() if name not in self._touched}
        if fresh:
            self._touched.update(dict.fromkeys(fresh, now))
            table.exchange.touches.append(fresh)

    def overtake(self, table: Table, names: Mapping[str, tuple[bool, int]], book: Book) -> None:
        """See to it that what a table has now comes after what it had: name → (whether there is a row, the number)."""
        self._overtaken.update((name, (table, *told)) for name, told in names.items())
        self._follow(book)

    def look(self, book: Book) -> None:
        """Ask again for what is still to be touched."""
        now = self._time.elapsed()
        self._touched = {name: at for name, at in self._touched.items() if now - at < APART}
        self._follow(book)

    def _follow(self, book: Book) -> None:
        for name, (table, is_there, number) in list(self._overtaken.items()):
            newest = book.newest(name, table.number)
            if newest is None or newest[0] > number:
                del self._overtaken[name]
            else:
                self.put(table, {name: (number if is_there else None, number)})
