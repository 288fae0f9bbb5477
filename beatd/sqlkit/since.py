"""Whether a database has what came with a version of its schema: hosts are upgraded before their tables, or after."""

from sqlalchemy import Connection, column, select, table

from beatd.sqlkit.database import Database
from beatd.sqlkit.migrate import VERSION_TABLE, VERSIONS
from beatd.sqlkit.statement import Statement

_VERSION = Statement(lambda: select(column("version_num")).select_from(table(VERSION_TABLE)))


class Since:
    """Looked up with each question until the answer is yes, which it stays; so an upgrade is noticed at once."""

    def __init__(self, db: Database, version: str) -> None:
        self._db = db
        self._former = tuple(each for each in VERSIONS if each < version)
        self._reached = False

    def is_reached(self, connection: Connection) -> bool:
        """Return whether the tables of that version are there."""
        if not self._reached:
            self._reached = self._db.is_private or self.found(connection) not in self._former
        return self._reached

    def found(self, connection: Connection) -> str | None:
        """Return the version that the database has now."""
        found: str | None = _VERSION.value(connection)
        return found
