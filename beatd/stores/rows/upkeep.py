"""What a scheduler does to the table: new versions of rows as they are, and columns for the eye."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from beatd.rowports import Told
from beatd.sqlkit.database import Database
from beatd.sqlkit.rows import BURY, LOCKED, TELL, TOUCH, as_given
from beatd.sqlkit.statement import parts
from beatd.stores.rows import checking
from beatd.stores.rows.pruning import Pruning

AT_ONCE = 500
"""Rows changed in one transaction, so that nobody waits for long."""


class Maintenance:
    """The port ``Upkeep``."""

    def __init__(self, db: Database, namespace: str) -> None:
        self._db = db
        self._namespace = namespace
        self._pruning = Pruning(db, namespace)

    def check(self) -> list[str]:
        """Return what is wrong with the table. Raises DefinitionError where it cannot be used."""
        return checking.check(self._db)

    def touch(self, names: Mapping[str, tuple[int | None, int]]) -> None:
        """Make a new version of each row as it is, above a number; where there was none, note a removal above it."""
        for part in parts(sorted(names.items()), AT_ONCE):
            told: list[dict[str, Any]] = [
                {"namespace": self._namespace, "name": name, "number": number, "above": above}
                for name, (number, above) in part
            ]
            with self._db.write() as connection:
                TOUCH.many(connection, (each for each in told if each["number"] is not None))
                BURY.many(connection, (each for each in told if each["number"] is None))

    def tell(self, told: Sequence[Told]) -> list[str]:
        """Write columns for the eye, but not to rows that were changed meanwhile; return which are locked."""
        locked: list[str] = []
        for part in parts(sorted(told, key=lambda each: each.name), AT_ONCE):
            rows = [
                {
                    "namespace": self._namespace,
                    "name": as_given(each.name),
                    "number": each.number,
                    "next_fire": each.next_fire,
                    "last_fire": each.last_fire,
                    "runs": each.runs,
                    "error": each.error,
                }
                for each in part
            ]
            with self._db.write() as connection:
                if TELL.many(connection, rows) < len(rows) and self._db.is_server:
                    locked += LOCKED.gather(connection, rows)
        return locked

    def prune(self, *, before: int, limit: int, taken_in: Callable[[str], int | None]) -> int:
        """Delete lines of the log that nobody needs any more; return how many."""
        return self._pruning.prune(before, limit, taken_in)
