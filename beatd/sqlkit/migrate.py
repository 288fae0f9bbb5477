"""The schema's version: which it is, which it should be, and the way there. Loads alembic only to change something."""

import os
import sqlite3
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, inspect

from beatd.core.rows.columns import EDITABLE
from beatd.errors import StoreError
from beatd.sqlkit import triggers

if TYPE_CHECKING:
    from alembic.config import Config

    from beatd.sqlkit.database import Database

VERSIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every schema this code knows, oldest first."""

OLDEST = "0004"
"""The oldest schema that this code works with; what needs a later one says so itself."""

# Not alembic's default name: the user's own tables may lie in the same database and have migrations of their own.
VERSION_TABLE = "beatd_schema"


class Found(NamedTuple):
    """The schema of a database: ``version``, None if it has none of our tables.

    ``oldest``: the oldest schema whose code can work with it, as whoever made it said; None if nobody did.
    """

    version: str | None
    oldest: str | None = None

    def is_newer(self) -> bool:
        """Return whether this code does not know it."""
        return self.version is not None and self.version not in VERSIONS

    def is_usable(self) -> bool:
        """Return whether this code can work with it as it is."""
        if self.is_newer():
            return self.oldest in VERSIONS
        return self.version in VERSIONS[VERSIONS.index(OLDEST) :]


def head() -> str:
    """Return the schema version that this code was made for."""
    return VERSIONS[-1]


def current(db: "Database") -> str | None:
    """Return the schema version of the database, None if it has none of our tables."""
    with db.bare() as connection:
        return _found(connection).version


def upgrade(db: "Database") -> bool:
    """Bring the schema up to date and make triggers anew that are no use; return whether anything had to be done."""
    if db.is_private:
        return False
    with db.bare() as connection:
        if _is_done(_found(connection), db.place) and not _triggers_fail(connection):
            return False
    with db.bare(writing=True) as connection:
        if _upgrade(connection, db.place):
            return True
        mended = _triggers_fail(connection)
        if mended:
            triggers.mend(connection, EDITABLE)
        return mended


def script(db: "Database") -> str:
    """Return the SQL that brings the schema up to date; empty where it is."""
    with db.bare() as connection:
        found, schema = _found(connection), db.schema(connection)
        dialect = connection.dialect.name
    if _is_done(found, db.place):
        return ""
    from alembic import command

    output = StringIO()
    config = _config(dialect=dialect, schema=schema, output=output)
    command.upgrade(config, f"{found.version or 'base'}:{head()}", sql=True)
    begin = "".join(f"{line};\n" for line in (db.begin_migration, *db.heading(schema)))
    return f"{begin}\n{output.getvalue()}COMMIT;\n"


def check(db: "Database") -> list[str]:
    """Return what is wrong with the database, in words; empty when nothing is."""
    wrong = []
    with db.bare() as connection:
        found = Found(head()) if db.is_private else _found(connection)
        if found.version != head() and not (found.is_newer() and found.is_usable()):
            told = f"the schema is {found.version or 'absent'}, this beatd needs {head()}"
            wrong.append(f"{told}: {'install that beatd' if found.is_newer() else 'run `beatd db upgrade`'}")
        wrong += db.faults(connection, whole=found.version == head())
        lost = triggers.missing(connection) if found.version == head() else []
        astray = found.version == head() and triggers.are_astray(connection)
    wrong += [f"the trigger {name} is missing or switched off: run `beatd db upgrade`" for name in lost]
    return [*wrong, *([f"{triggers.ASTRAY}: run `beatd db upgrade`"] if astray else [])]


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


def ensure(db: "Database", connection: Connection) -> None:
    """Make sure that the schema is one to work with. Raises StoreError where it is not and may not be made so.

    A file is brought up to date by whoever may create it; on a server, where others run older code beside this, only
    an absent schema is made.
    """
    connection.info["begin"] = db.begin_reading
    with connection.begin():
        found = _found(connection)
    may_upgrade = db.create and (found.version is None or not db.is_server)
    if found.version == head() or (found.is_usable() and (found.is_newer() or not may_upgrade)):
        return
    _refuse_newer(found, db.place)
    if not may_upgrade:
        if found.version is None:
            msg = f"{db.place} has no tables of beatd yet; `beatd db upgrade` makes them"
        else:
            msg = f"{db.place} has the older schema {found.version}; run `beatd db upgrade`"
        raise StoreError(msg)
    connection.info["begin"] = db.begin_migration
    with connection.begin():
        _upgrade(connection, db.place)


def _upgrade(connection: Connection, place: str) -> bool:
    # Under a lock: of several processes that start at once the first migrates, the others find it done.
    if _is_done(_found(connection), place):
        return False
    from alembic import command

    command.upgrade(_config(connection=connection), head())
    return True


def _triggers_fail(connection: Connection) -> bool:
    # Those of a newer schema are not known here.
    if _found(connection).version != head():
        return False
    return bool(triggers.missing(connection)) or triggers.are_astray(connection)


def _is_done(found: Found, place: str) -> bool:
    if found.version == head() or (found.is_newer() and found.is_usable()):
        return True
    _refuse_newer(found, place)
    return False


def _config(**attributes: object) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes.update(attributes)
    return config


def _found(connection: Connection) -> Found:
    if not inspect(connection).has_table(VERSION_TABLE):
        return Found(None)
    # All columns: those that are there differ from version to version.
    row = connection.exec_driver_sql(f"SELECT * FROM {VERSION_TABLE}").mappings().first()  # noqa: S608  a constant
    return Found(None) if row is None else Found(str(row["version_num"]), row.get("oldest"))


def _refuse_newer(found: Found, place: str) -> None:
    if found.is_newer() and not found.is_usable():
        msg = f"{place} was made by a newer beatd (schema {found.version}, this one knows {head()}); install that beatd"
        raise StoreError(msg)
