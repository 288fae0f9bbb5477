"""What a place asks of itself in which entries are edited; ``ScheduleStore`` is the face of it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from beatd.core.calendars import Calendars
from beatd.core.rows.row import ScheduleRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows are asked for, None wherever it does not matter.

    ``errors``: those that cannot be used, or that can. ``next_before``: that fire until then.
    ``order``: name, next or last. ``after``: only rows behind this one.
    """

    tag: str | None = None
    task: str | None = None
    enabled: bool | None = None
    errors: bool | None = None
    next_before: datetime | None = None
    order: str = "name"
    after: ScheduleRow | None = None

    def fits(self, row: ScheduleRow) -> bool:
        """Return whether a row is one of those, wherever it stands in their order."""
        if self.tag is not None and self.tag not in (row.tags or ()):
            return False
        if self.task is not None and row.task != self.task:
            return False
        if self.enabled is not None and row.enabled is not self.enabled:
            return False
        if self.errors is not None and (row.error is not None) is not self.errors:
            return False
        return self.next_before is None or (row.next_fire_at is not None and row.next_fire_at <= self.next_before)


class Rows(Protocol):
    """The rows of one place while a transaction lasts. Values are those of ``written_fields``."""

    def get(self, name: str, *, lock: bool = False) -> ScheduleRow | None:
        """Return a row; ``lock``: so that nobody else changes it until the transaction ends."""

    def there(self, names: Sequence[str]) -> list[str]:
        """Return those of these names that are there."""

    def near(self, name: str) -> list[str]:
        """Return names that stand near a name in their order; of few all."""

    def insert(self, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
        """Add rows, but none under a name that is there; return how many."""

    def update(self, row: ScheduleRow, fields: Mapping[str, Any]) -> bool:
        """Change fields of a row, None meaning the default; return False where it is another version by now."""

    def delete(self, row: ScheduleRow) -> bool:
        """Remove a row; return False where it is another version by now."""

    def page(self, wanted: Wanted, limit: int) -> list[ScheduleRow]:
        """Return the next rows."""

    def calendars(self) -> Calendars:
        """Return what ``exclude`` may name."""

    def keep_calendar(self, name: str, document: Mapping[str, Any]) -> None:
        """Make the calendar of that name be this. Raises StoreError where calendars cannot be edited."""

    def defaults(self, name: str) -> Mapping[str, Any]:
        """Return what holds where a row says nothing, beside the defaults of fields."""


class Place(Protocol):
    """Where entries are edited."""

    name: str
    """What messages call it: no password is in it."""

    page: int
    """How many rows it is asked for at a time, at the most."""

    def opened(self, *, writing: bool) -> AbstractContextManager[Rows]:
        """Open a transaction; it commits at the end, and rolls back on any exception."""

    def undo(self) -> None:
        """Have the transaction that is open roll back at its end. Raises StoreError where it is the user's own."""

    def close(self) -> None:
        """Close what was opened here."""
