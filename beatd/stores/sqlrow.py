"""Reading many records: page by page, or those that were noticed."""

from typing import Any

from sqlalchemy import Connection, bindparam, literal_column, select

from beatd.sqlkit import schema
from beatd.sqlkit.statement import Statement

PAGE = 10_000

_e = schema.entries.c
_PAGE_AFTER = Statement(
    lambda: (
        select(schema.entries)
        .where(_e.namespace == bindparam("namespace"), _e.name > bindparam("after"))
        .order_by(_e.name)
        .limit(bindparam("page"))
    )
)
_NOTICED = Statement(
    lambda: select(schema.entries).where(
        _e.namespace == bindparam("namespace"), _e.noticed_at > bindparam("since"), literal_column("noticed_at > 0")
    )
)


def read_page(connection: Connection, namespace: str, after: str) -> list[Any]:
    """Read the next rows by name: a long reader would keep SQLite from checkpointing."""
    return _PAGE_AFTER.rows(connection, namespace=namespace, after=after, page=PAGE)


def read_noticed(connection: Connection, namespace: str, since: int) -> list[Any]:
    """Read the rows noticed after a mark."""
    return _NOTICED.rows(connection, namespace=namespace, since=since)
