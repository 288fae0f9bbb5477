"""The schema's version: which it is, which it should be, and the way there. Loads alembic only to change something."""

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, column, inspect, select, table

from beatd.errors import StoreError

if TYPE_CHECKING:
    from beatd.sqlkit.database import Database

VERSIONS = ("0001", "0002", "0003", "0004")
"""Every schema this code knows, oldest first."""

# Not alembic's default name: the user's own tables may lie in the same database and have migrations of their own.
VERSION_TABLE = "beatd_schema"

_VERSION = table(VERSION_TABLE, column("version_num"))


def head() -> str:
    """Return the schema version that this code works with."""
    return VERSIONS[-1]


def current(db: "Database") -> str | None:
    """Return the schema version of the database, None if it has none of our tables."""
    with db.bare() as connection:
        return _current(connection)


def upgrade(db: "Database") -> bool:
    """Bring the schema up to date; return whether anything had to be done."""
    if db.is_private or current(db) == head():
        return False
    with db.bare(writing=True) as connection:
        return _upgrade(connection, db.place)


def check(db: "Database") -> list[str]:
    """Return what is wrong with the database, in words; empty when nothing is."""
    wrong = []
    if not db.is_private and (found := current(db)) != head():
        wrong.append(f"the schema is {found or 'absent'}, this beatd needs {head()}: run `beatd db upgrade`")
    with db.bare() as connection:
        return wrong + db.faults(connection)


def backup(db: "Database", target: Path) -> None:
    """Copy the database to a new file, consistent even while it is in use. Raises StoreError for a server's."""
    if db.is_server:
        msg = f"{db.place} lies on a server: back it up with the server's own tools (`pg_dump` for PostgreSQL)"
        raise StoreError(msg)
    with db.bare() as connection:
        _make_file(target)
        source: Any = connection.connection.driver_connection
        copy = sqlite3.connect(target)
        try:
            # At one go: a copy in steps begins anew with each commit of others. Writers go on meanwhile.
            source.backup(copy)
        finally:
            copy.close()


def _make_file(target: Path) -> None:
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError as error:
        msg = f"{target} is there already; name a new file"
        raise StoreError(msg) from error
    except OSError as error:
        msg = f"{target} cannot be made: {error.strerror}"
        raise StoreError(msg) from error


def ensure(db: "Database", connection: Connection, begin: tuple[str, str]) -> None:
    """Make sure that the schema is the newest. Raises StoreError where it is not and may not be made so.

    ``begin``: the words that begin a transaction to read, and one to migrate. A file is brought up to date by whoever
    may create it; on a server, where others run older code beside this, only an absent schema is made.
    """
    connection.info["begin"] = begin[0]
    with connection.begin():
        found = _current(connection)
    if found == head():
        return
    _refuse_newer(found, db.place)
    if found is None and not db.create:
        msg = f"{db.place} has no tables of beatd yet; `beatd run` makes them"
        raise StoreError(msg)
    if found is not None and (db.is_server or not db.create):
        msg = f"{db.place} has the older schema {found}; run `beatd db upgrade`"
        raise StoreError(msg)
    connection.info["begin"] = begin[1]
    with connection.begin():
        _upgrade(connection, db.place)


def _upgrade(connection: Connection, place: str) -> bool:
    # Under a lock: of several processes that start at once the first migrates, the others find it done.
    found = _current(connection)
    if found == head():
        return False
    _refuse_newer(found, place)
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return True


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(select(_VERSION.c.version_num)).scalar()
    return None if found is None else str(found)


def _refuse_newer(found: str | None, place: str) -> None:
    if found is not None and found not in VERSIONS:
        msg = f"{place} was made by a newer beatd (schema {found}, this one knows {head()}); install that beatd"
        raise StoreError(msg)
