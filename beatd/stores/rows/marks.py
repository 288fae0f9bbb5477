"""What was committed since a mark."""

from sqlalchemy import Connection

from beatd.rowports import Changed
from beatd.sqlkit.database import Database
from beatd.sqlkit.rows import Mark, changed_since, read_mark, read_whatever_is_there
from beatd.stores.rows import reading

MOST = 200_000
"""More names than these are not listed: to compare all costs less than to ask for each."""


class Marks:
    """Reads marks, and names that changed between two of them."""

    def __init__(self, db: Database, namespace: str) -> None:
        self._db = db
        self._namespace = namespace

    def mark(self) -> Mark:
        """Return a mark of what is committed now."""
        with self._db.read() as connection:
            return read_mark(connection)[1]

    def changed(self, mark: object) -> Changed:
        """Return what was committed since a mark."""
        now, newest, names = read_whatever_is_there(self._db, lambda connection: self._read(connection, mark))
        told = None if names is None or len(names) > MOST else sorted(names)
        return Changed(mark=newest, names=told, now=now)

    def _read(self, connection: Connection, mark: object) -> tuple[int, Mark, set[str] | None]:
        now, newest = read_mark(connection)
        if not isinstance(mark, Mark) or mark.is_ahead_of(newest):
            return now, newest, None
        found = changed_since(connection, mark, newest, self._namespace, MOST + 1)
        names = {name for kind, name in found if kind == "schedule"}
        calendars = {name for kind, name in found if kind == "calendar"}
        if calendars and len(names) <= MOST:
            names.update(name for name, _ in reading.naming(connection, self._namespace, calendars, MOST + 1))
        return now, newest, names
