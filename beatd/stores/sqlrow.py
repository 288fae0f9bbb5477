"""A record as a row of beatd_entries."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, literal_column, select

from beatd.core.record import Backlog, Pause, Reason, Record
from beatd.sqlkit import schema
from beatd.sqlkit.dialect import is_one_of
from beatd.sqlkit.messages import as_json
from beatd.sqlkit.statement import Statement

COLUMNS = tuple(column.name for column in schema.entries.columns)
PAGE = 10_000

_e = schema.entries.c
_OF_NAMES = Statement(
    lambda: select(schema.entries).where(_e.namespace == bindparam("namespace"), is_one_of(_e.name, "names"))
)
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


def read(connection: Connection, namespace: str, names: Sequence[str]) -> list[Any]:
    """Read the rows of these names."""
    return _OF_NAMES.rows(connection, namespace=namespace, names=as_json(names))


def read_page(connection: Connection, namespace: str, after: str) -> list[Any]:
    """Read the next rows by name: a long reader would keep SQLite from checkpointing."""
    return _PAGE_AFTER.rows(connection, namespace=namespace, after=after, page=PAGE)


def read_noticed(connection: Connection, namespace: str, since: int) -> list[Any]:
    """Read the rows noticed after a mark."""
    return _NOTICED.rows(connection, namespace=namespace, since=since)


def record_of(row: Any) -> Record:
    """Return the record that a row holds."""
    backlog = None if row.backlog_found_at is None else Backlog(row.backlog_found_at, row.backlog_up_to)
    pause = None if row.paused_at is None else Pause(row.paused_by, row.paused_at, row.pause_note)
    return Record(
        seq=row.seq,
        generation=row.generation,
        version=row.version,
        fingerprint=row.fingerprint,
        since=row.since,
        cursor=row.cursor,
        runs=row.runs,
        open=None if row.open is None else Reason(row.open),
        backlog=backlog,
        pause=pause,
        removed=bool(row.removed),
    )


def row_of(name: str, record: Record, namespace: str, noticed_at: int) -> dict[str, Any]:
    """Return the row that holds a record."""
    backlog, pause = record.backlog, record.pause
    return {
        "namespace": namespace,
        "name": name,
        "seq": record.seq,
        "generation": record.generation,
        "version": record.version,
        "fingerprint": record.fingerprint,
        "since": record.since,
        "cursor": record.cursor,
        "runs": record.runs,
        "open": None if record.open is None else record.open.value,
        "backlog_found_at": None if backlog is None else backlog.found_at,
        "backlog_up_to": None if backlog is None else backlog.up_to,
        "paused_by": None if pause is None else pause.by,
        "paused_at": None if pause is None else pause.at,
        "pause_note": None if pause is None else pause.note,
        "removed": int(record.removed),
        "noticed_at": noticed_at,
    }
