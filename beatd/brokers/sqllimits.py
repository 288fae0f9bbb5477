"""What holds messages back, in a SQL database."""

from sqlalchemy import bindparam, delete, select, update

from beatd.brokers import sqloutcome
from beatd.ports import Clock
from beatd.sqlkit import schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.messages import CLAIMED, DEAD
from beatd.sqlkit.statement import Statement

_m = schema.messages.c
_of_id = (_m.namespace == bindparam("of_namespace"), _m.id == bindparam("of_id"))
_FIND = Statement(lambda: select(_m.state, _m.task, _m.entry, _m.fire_time).where(*_of_id).with_for_update())
_MARK = Statement(lambda: update(schema.messages).where(*_of_id).values(revoked=1))
_DELETE = Statement(lambda: delete(schema.messages).where(*_of_id))


class SqlLimits:
    """The port ``Limits``."""

    def __init__(self, db: Database, namespace: str, clock: Clock) -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock

    def revoke(self, message_id: str) -> bool:
        """End an unstarted message as revoked, or mark a running one so that it is not run again."""
        of_id = {"of_namespace": self._namespace, "of_id": message_id}
        with self._db.write() as connection:
            row = _FIND.row(connection, **of_id)
            if row is None or row.state == DEAD:
                return False
            if row.state == CLAIMED:
                _MARK.change(connection, **of_id)
                return True
            _DELETE.change(connection, **of_id)
            named = {"message_id": message_id, "task": row.task, "entry": row.entry, "fire_time": row.fire_time}
            outcome = sqloutcome.revoked("revoked")
            sqloutcome.store(connection, sqloutcome.row_of(outcome, self._namespace, self._clock.now(), **named))
            return True
