"""One table of entries, by its ports."""

from collections.abc import Callable, Mapping, Sequence

from beatd.core.rows import RowDecoder
from beatd.rowports import NOTHING, Changed, Page, Told, Used
from beatd.sqlkit.database import Database
from beatd.stores.rows.marks import Marks
from beatd.stores.rows.pages import Pages
from beatd.stores.rows.upkeep import Maintenance
from beatd.stores.rows.waiting import Waiting


class SqlRows:
    """The ports ``Rows`` and ``Upkeep``. Used by one thread at a time, on a ``Database`` of its own.

    ``timezone`` and ``queue`` hold where a row names none; ``sees_finish``: whether the broker tells of ends.
    """

    def __init__(self, database: Database, namespace: str, *, timezone: str, queue: str, sees_finish: bool) -> None:
        self.name = database.url
        decoder = RowDecoder(timezone=timezone, queue=queue, sees_finish=sees_finish)
        self._pages = Pages(database, namespace, decoder, self.name)
        self._marks = Marks(database, namespace)
        self._waiting = Waiting(database)
        self._maintenance = Maintenance(database, namespace)

    def mark(self) -> object:
        """Return a mark of what is committed now."""
        self._waiting.look()
        return self._marks.mark()

    def changed(self, mark: object) -> Changed:
        """Return what was committed since a mark."""
        self._waiting.look()
        return self._marks.changed(mark)

    def page(self, after: str, limit: int) -> Page:
        """Return what the table tells of the next names behind ``after``."""
        return self._pages.after(after, limit)

    def of(self, names: Sequence[str], used: Used = NOTHING) -> Page:
        """Return what the table tells of these names, with those of their versions that were used."""
        return self._pages.of(names, used)

    def prints(self, after: str, limit: int) -> tuple[list[tuple[str, int, int]], str | None]:
        """Return (name, number, fingerprint) of the next rows, and ``last`` as a page has it."""
        return self._pages.prints(after, limit)

    def wait(self, seconds: float) -> bool:
        """Return True soon after something may have been committed, False after so many seconds."""
        return self._waiting.wait(seconds)

    def check(self) -> list[str]:
        """Return what is wrong with the table. Raises DefinitionError where it cannot be used."""
        return self._maintenance.check()

    def touch(self, names: Mapping[str, tuple[int | None, int]]) -> None:
        """Make a new version of each row as it is, or note a removal."""
        self._maintenance.touch(names)

    def tell(self, told: Sequence[Told]) -> list[str]:
        """Write columns for the eye; return the names of rows that are locked."""
        return self._maintenance.tell(told)

    def prune(self, *, before: int, limit: int, taken_in: Callable[[str], int | None]) -> int:
        """Delete former versions that nobody needs any more; return how many."""
        return self._maintenance.prune(before=before, limit=limit, taken_in=taken_in)
