"""Whether a table of entries can be used."""

from collections.abc import Iterator
from contextlib import contextmanager

from beatd.errors import BrokerUnavailableError, DefinitionError, StoreError
from beatd.sqlkit import triggers
from beatd.sqlkit.database import READ_ONLY, Database
from beatd.sqlkit.rows import rights_missing, tables_missing


def check(db: Database) -> list[str]:
    """Return what is wrong with the table, in words. Raises DefinitionError where it cannot be used."""
    with as_definitions(db):
        return _checked(db)


@contextmanager
def as_definitions(db: Database) -> Iterator[None]:
    """Let what is wrong with the database be told as what is wrong with a source of entries."""
    try:
        yield
    except BrokerUnavailableError as error:
        if error.reason != READ_ONLY:
            raise
        reason = f"{error.reason}; beatd writes into the rows when they fire next"
        raise DefinitionError(db.url, reason) from error
    except StoreError as error:
        raise DefinitionError(db.url, str(error).removeprefix(f"{db.place} ")) from error


def _checked(db: Database) -> list[str]:
    with db.read() as connection:
        if absent := tables_missing(connection):
            raise DefinitionError(db.url, f"has no table {absent[0]}", "run `beatd db upgrade`")
        if rights := rights_missing(connection):
            raise DefinitionError(db.url, "gives this user not all rights that it needs", f"{'; '.join(rights)}")
        lost, astray = triggers.missing(connection), triggers.are_astray(connection)
    if astray:
        return [f"{triggers.ASTRAY}; run `beatd db upgrade`, which makes them anew"]
    if not lost:
        return []
    what = f"the trigger{'s' if len(lost) > 1 else ''} {', '.join(lost)}"
    return [f"{what} not there, or switched off: edits are noticed late; run `beatd db upgrade`, which restores them"]
