"""What holds messages back, in a SQL database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, literal_column, select

from beatd.core.ending import Ending
from beatd.ports import Clock
from beatd.sqlkit import schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import constant, is_one_of
from beatd.sqlkit.ending import ending
from beatd.sqlkit.messages import CLAIMED, DELAYED, READY, as_json
from beatd.sqlkit.revoking import NO_MARK, NOT_AGAIN, TERMINATE, ending_of, revoke
from beatd.sqlkit.statement import Statement

_m = schema.messages.c
_TO_TERMINATE = Statement(
    lambda: select(_m.id, _m.attempt).where(
        _m.namespace == bindparam("namespace"),
        _m.state == constant(CLAIMED),
        is_one_of(_m.owner, "owners"),
        _m.revoked == literal_column(str(TERMINATE)),
    )
)


def _waiting(state: str) -> Statement:
    # One state at a time, because each has an index of its own.
    return Statement(
        lambda: (
            select(_m.id, _m.entry, _m.fire_time)
            .where(
                _m.namespace == bindparam("namespace"), _m.state == constant(state), _m.queue == bindparam("of_queue")
            )
            .limit(bindparam("most"))
        )
    )


_WAITING = (_waiting(READY), _waiting(DELAYED))


class SqlLimits:
    """The port ``Limits``."""

    def __init__(self, db: Database, namespace: str, clock: Clock) -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock

    def revoke(self, message_id: str, *, terminate: bool = False) -> bool:
        """End an unstarted message as revoked, or mark a running one so that it is not run again."""
        with self._db.read(once=True) as connection:
            is_there, end = ending_of(connection, self._namespace, message_id)
        if not is_there:
            return False
        now, mark = self._clock.now(), TERMINATE if terminate else NOT_AGAIN
        names = [] if end is None else [end.entry]
        with ending(self._db, self._namespace, now, names) as (connection, ends):
            over = revoke(connection, self._namespace, message_id, now, reason="revoked", mark=mark)
            if over and end is not None:
                ends.tell(end)
        return over is not None

    def purge(self, queue: str, *, reason: str, limit: int = 500) -> int:
        """End what waits in a queue as revoked, ``limit`` of it at the most, in one transaction; return how many."""
        found = self._waiting(queue, limit)
        ends = [Ending(row.entry, row.id, row.fire_time) for row in found if None not in {row.entry, row.fire_time}]
        of_id, names = {end.message_id: end for end in ends}, {end.entry for end in ends}
        now, count = self._clock.now(), 0
        with ending(self._db, self._namespace, now, names) as (connection, told):
            for message_id in sorted(row.id for row in found):
                if revoke(connection, self._namespace, message_id, now, reason=reason, mark=NO_MARK):
                    count += 1
                    if message_id in of_id:
                        told.tell(of_id[message_id])
        return count

    def _waiting(self, queue: str, limit: int) -> list[Any]:
        found: list[Any] = []
        with self._db.read() as connection:
            for statement in _WAITING:
                given = {"namespace": self._namespace, "of_queue": queue, "most": limit - len(found)}
                found += statement.rows(connection, **given)
        return found

    def to_terminate(self, owners: Sequence[str]) -> frozenset[tuple[str, int]]:
        """Return (id, attempt) of what these owners run and others want ended; takes no lock."""
        if not owners:
            return frozenset()
        with self._db.read() as connection:
            rows = _TO_TERMINATE.rows(connection, namespace=self._namespace, owners=as_json(owners))
        return frozenset((row.id, row.attempt) for row in rows)
