"""An outcome as a row of beatd_results."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, exists, select

from beatd.core.states import Outcome, State
from beatd.sqlkit import schema
from beatd.sqlkit.dialect import constant, upsert
from beatd.sqlkit.messages import as_json
from beatd.sqlkit.statement import Statement

COLUMNS = [column.name for column in schema.results.columns]
_STORE = Statement(lambda: upsert(schema.results, COLUMNS))

_r = schema.results.c
_STARTED_BY = Statement(
    lambda: select(
        exists().where(
            _r.namespace == bindparam("of_namespace"),
            _r.message_id == bindparam("of_id"),
            _r.state == constant(State.STARTED),
            _r.worker == bindparam("of_owner"),
        )
    )
)
_SAME = Statement(
    lambda: select(
        exists().where(
            _r.namespace == bindparam("namespace"),
            _r.message_id == bindparam("message_id"),
            _r.state == bindparam("state"),
            _r.worker == bindparam("worker"),
            _r.finished_at == bindparam("finished_at"),
        )
    )
)


def row_of(
    outcome: Outcome, namespace: str, now: int, *, message_id: str, task: str, entry: str | None, fire_time: int | None
) -> dict[str, Any] | None:
    """Return the row to store, None where nobody will ask for it; raises TypeError for a result that is no JSON."""
    if not outcome.keep and entry is None:
        return None
    result = as_json(outcome.result) if outcome.keep and outcome.result is not None else None
    return {
        "namespace": namespace,
        "message_id": message_id,
        "state": outcome.state.value,
        "result": result,
        "traceback": outcome.traceback,
        "started_at": outcome.started_at,
        "finished_at": now if outcome.finished_at is None else outcome.finished_at,
        "reason": outcome.reason,
        "task": task,
        "worker": outcome.worker,
        "entry": entry,
        "fire_time": fire_time,
    }


def was_started_by(connection: Connection, namespace: str, message_id: str, owner: str) -> bool:
    """Return whether this owner settled the message before running it, and has yet to tell the outcome."""
    return bool(_STARTED_BY.value(connection, of_namespace=namespace, of_id=message_id, of_owner=owner))


def is_stored(connection: Connection, row: dict[str, Any] | None) -> bool:
    """Return whether this very outcome is stored already, of the same run."""
    if row is None or row["worker"] is None:
        return False
    of_run = {name: row[name] for name in ("namespace", "message_id", "state", "worker", "finished_at")}
    return bool(_SAME.value(connection, **of_run))


def store(connection: Connection, row: dict[str, Any] | None) -> None:
    """Write an outcome over the former one of its message."""
    if row is not None:
        _STORE.change(connection, **row)


def store_all(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Write outcomes of different messages, each over the former one of its message."""
    _STORE.many(connection, rows)
