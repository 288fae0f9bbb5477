"""Entries whose record was moved by a version that no table tells of: restored, or changed behind the triggers."""

from collections.abc import Iterable, Mapping, Sequence

from beatd.core.entry import Version
from beatd.core.record import Record
from beatd.scheduler.book import Book
from beatd.scheduler.tables.exchange import Print
from beatd.scheduler.tables.table import Table

TRIES = 3
"""How often a row is given a new version before it is left to the next time that somebody meets it."""


class _Doubt:
    """``waits``: for which tables' answers; ``rows``: by table, the number of the row that it has.

    ``version``: by which the record had been moved when the tables were asked.
    """

    __slots__ = ("rows", "tries", "version", "waits")

    def __init__(self, waits: set[int], version: int | None) -> None:
        self.waits = waits
        self.version = version
        self.rows: dict[int, int] = {}
        self.tries = 0


class Doubts:
    """Names that were asked for after their records were read; each is settled once all tables have answered."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = tables
        self._doubts: dict[str, _Doubt] = {}

    def ask(self, names: Iterable[str], book: Book) -> None:
        """Ask every table for names whose version is not known."""
        for name in names:
            if name not in self._doubts:
                record = book.record(name)
                self._doubts[name] = _Doubt(
                    {table.number for table in self._tables}, None if record is None else record.version
                )
                for table in self._tables:
                    table.exchange.doubted.append((name, _used(record)))

    def answered(self, table: Table, asked: Iterable[str], told: Mapping[str, Version], book: Book) -> list[str]:
        """Take note of what a table told of names; return those whose lost version another one follows now."""
        followed = []
        for name in asked:
            doubt = self._doubts.get(name)
            if doubt is None:
                continue
            doubt.waits.discard(table.number)
            doubt.rows.pop(table.number, None)
            if name in told and not told[name].removed:
                doubt.rows[table.number] = told[name].number
            if not doubt.waits and self._is_followed(name, doubt, book):
                followed.append(name)
        return followed

    def _is_followed(self, name: str, doubt: _Doubt, book: Book) -> bool:
        """Return whether a version follows one that is lost; see to it that one will."""
        record, newest = book.record(name), book.newest(name)
        if record is None or book.knows_version(name) or doubt.tries >= TRIES:
            del self._doubts[name]
            return False
        if doubt.version != record.version:
            # Somebody has moved it since: what was read may be older than that.
            del self._doubts[name]
            self.ask([name], book)
            return False
        if newest is not None and newest[0] > record.version:
            del self._doubts[name]
            return True
        # Of a name that was removed nothing is lost, unless there is a row of it, such as a restored dump brings back.
        if record.removed and not doubt.rows:
            del self._doubts[name]
            return False
        place = self._place(book.source_of(name), doubt)
        doubt.waits, doubt.tries = {place}, doubt.tries + 1
        exchange = self._tables[place].exchange
        exchange.touches.append({name: (doubt.rows.get(place), record.version)})
        # Read once it was touched: both are done in this order.
        exchange.doubted.append((name, _used(record)))
        return False

    def _place(self, source: int | None, doubt: _Doubt) -> int:
        """Return the table that is to give a new version: whose the name is, if it has a row or none has."""
        if source is not None and source >= 0 and (source in doubt.rows or not doubt.rows):
            return source
        return min(doubt.rows, default=0)


def _used(record: Record | None) -> Print | None:
    return None if record is None else (record.version, record.fingerprint)
