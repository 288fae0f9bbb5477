"""Outcomes in a SQL database."""

from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, exists, select

from beatd.brokerports import Stored
from beatd.core.states import State
from beatd.ports import Clock
from beatd.sqlkit import schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import through
from beatd.sqlkit.fold import delete_outcomes
from beatd.sqlkit.messages import CLAIMED, DEAD
from beatd.sqlkit.statement import Statement

_m, _r = schema.messages.c, schema.results.c
_MESSAGE = Statement(
    lambda: select(_m.state, _m.task, _m.claimed_at).where(
        _m.namespace == bindparam("namespace"), _m.id == bindparam("message_id")
    )
)
_RESULT = Statement(
    lambda: select(schema.results).where(
        _r.namespace == bindparam("namespace"), _r.message_id == bindparam("message_id")
    )
)
_OLD = Statement(
    lambda: (
        select(schema.results)
        .where(_r.namespace == bindparam("namespace"), through(_r.finished_at), _r.finished_at < bindparam("before"))
        .order_by(_r.finished_at)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True)
    )
)
_IS_OLD = Statement(
    lambda: select(
        exists().where(
            _r.namespace == bindparam("namespace"), through(_r.finished_at), _r.finished_at < bindparam("before")
        )
    )
)


class SqlOutcomes:
    """The port ``Outcomes``; results lie in the broker's own database."""

    def __init__(self, db: Database, namespace: str, clock: Clock) -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock

    def get(self, message_id: str) -> Stored | None:
        """Return what is known of a message, None if nothing is."""
        with self._db.read() as connection:
            message = _MESSAGE.row(connection, namespace=self._namespace, message_id=message_id)
            result = self._find(connection, message_id)
        if message is None or message.state == DEAD:
            return None if result is None else _stored(result)
        if message.state == CLAIMED:
            return Stored(message_id=message_id, state=State.STARTED, started_at=message.claimed_at, task=message.task)
        if result is not None and result.state == State.RETRY:
            return _stored(result)
        return Stored(message_id=message_id, state=State.PENDING, task=message.task)

    def forget(self, message_id: str) -> None:
        """Delete the stored outcome; the history keeps its state."""
        with self._db.write() as connection:
            result = self._find(connection, message_id)
            if result is not None:
                delete_outcomes(connection, self._namespace, [result])

    def prune(self, *, before: int, limit: int = 1000) -> int:
        """Delete at most ``limit`` outcomes finished before that moment, oldest first; return how many."""
        with self._db.read(once=True) as connection:
            if not _IS_OLD.value(connection, namespace=self._namespace, before=before):
                return 0
        # Beside the pruning of history, which deletes the rows that this one writes to, there could be a deadlock.
        with self._db.write(alone=("prune", self._namespace)) as connection:
            rows = _OLD.rows(connection, namespace=self._namespace, before=before, limit=limit)
            delete_outcomes(connection, self._namespace, rows)
            return len(rows)

    def _find(self, connection: Connection, message_id: str) -> Any:
        return _RESULT.row(connection, namespace=self._namespace, message_id=message_id)


def _stored(row: Any) -> Stored:
    return Stored(
        message_id=row.message_id,
        state=State(row.state),
        result=None if row.result is None else msgspec.json.decode(row.result),
        traceback=row.traceback,
        started_at=row.started_at,
        finished_at=row.finished_at,
        reason=row.reason,
        task=row.task,
    )
