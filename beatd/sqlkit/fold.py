"""Folding: an outcome that is about to be deleted leaves its state in the history."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, update

from beatd.sqlkit import schema
from beatd.sqlkit.statement import Statement

_f, _r = schema.fires.c, schema.results.c
_NOTE = Statement(
    lambda: (
        update(schema.fires)
        .where(
            _f.namespace == bindparam("of_namespace"),
            _f.entry == bindparam("entry"),
            _f.first == bindparam("fire_time"),
            _f.message_id == bindparam("message_id"),
        )
        .values(
            state=func.lower(bindparam("state")),
            started_at=bindparam("started_at"),
            finished_at=bindparam("finished_at"),
            note=func.coalesce(bindparam("reason"), _f.note),
        )
    )
)
_DELETE = Statement(
    lambda: delete(schema.results).where(
        _r.namespace == bindparam("of_namespace"), _r.message_id == bindparam("message_id")
    )
)


def delete_outcomes(connection: Connection, namespace: str, rows: Sequence[Any]) -> None:
    """Delete these rows of beatd_results, in the writer's transaction."""
    told = [{"of_namespace": namespace, **row._asdict()} for row in rows if row.entry is not None]
    _NOTE.many(connection, told)
    _DELETE.many(connection, [{"of_namespace": namespace, "message_id": row.message_id} for row in rows])
