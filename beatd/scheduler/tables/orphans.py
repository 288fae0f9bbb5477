"""Records of rows that no table tells of any more: they vanished while no scheduler was there to notice."""

from beatd.ports import Past, Records
from beatd.scheduler.book import Book
from beatd.scheduler.claims import LEAST
from beatd.scheduler.timekeeper import SECOND

SLICE = 1000
EACH = SECOND
"""How long after some names were looked at the next ones are."""

SWEEP = 600 * SECOND


class Orphans:
    """Goes through the names that have a record, some at a time, from the first to the last, and begins again."""

    def __init__(self, past: Past, records: Records) -> None:
        self._past = past
        self._records = records
        self._place = ""
        self._next = 0

    def find(self, book: Book, elapsed: int) -> list[str]:
        """Return some names that have a record and nothing else; the book knows their records then."""
        if elapsed < self._next:
            return []
        names = self._past.names(self._place, SLICE)
        self._place = names[-1] if len(names) == SLICE else ""
        self._next = elapsed + (EACH if self._place else SWEEP)
        alone = [name for name in names if name not in book]
        records = self._records.load(alone) if alone else {}
        found = [name for name, record in records.items() if not record.removed and record.version > LEAST]
        book.settle_all(records, found)
        return found
