"""Ending a message that is not to be run: at once where nobody has begun it, else by a mark."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete, select, update

from beatd.core.ending import Ending, revoked
from beatd.sqlkit import outcomes, schema
from beatd.sqlkit.messages import CLAIMED, DEAD
from beatd.sqlkit.statement import Statement

NO_MARK, NOT_AGAIN, TERMINATE = 0, 1, 2
"""What the column ``revoked`` says of one that runs: nothing; not to be run again; besides, its process is to end."""

_m = schema.messages.c
_of_id = (_m.namespace == bindparam("of_namespace"), _m.id == bindparam("of_id"))
_FIND = Statement(lambda: select(_m.state, _m.task, _m.entry, _m.fire_time).where(*_of_id))
# Else a claim could take it between the look and the deed.
_LOCK = Statement(lambda: select(_m.state, _m.task, _m.entry, _m.fire_time).where(*_of_id).with_for_update())
_MARK = Statement(
    lambda: (
        update(schema.messages).where(*_of_id, _m.revoked < bindparam("revoked")).values(revoked=bindparam("revoked"))
    )
)
_DELETE = Statement(lambda: delete(schema.messages).where(*_of_id))


def ending_of(connection: Connection, namespace: str, message_id: str) -> tuple[bool, Ending | None]:
    """Return whether a message is there, and what its end would be to its entry, if it is of one; takes no lock."""
    row = _FIND.row(connection, of_namespace=namespace, of_id=message_id)
    if row is None or row.entry is None or row.fire_time is None:
        return row is not None, None
    return True, Ending(row.entry, message_id, row.fire_time)


def revoke(connection: Connection, namespace: str, message_id: str, now: int, *, reason: str, mark: int) -> bool | None:
    """End an unstarted message (True) or mark a running one (False); None where it is neither."""
    of_id = {"of_namespace": namespace, "of_id": message_id}
    row = _LOCK.row(connection, **of_id)
    if row is None or row.state == DEAD:
        return None
    if row.state == CLAIMED:
        _MARK.change(connection, **of_id, revoked=mark)
        return False
    _DELETE.change(connection, **of_id)
    named = {"message_id": message_id, "task": row.task, "entry": row.entry, "fire_time": row.fire_time}
    outcomes.store(connection, outcomes.row_of(revoked(reason), namespace, now, **named))
    return True


def cancel(connection: Connection, namespace: str, cancels: Iterable[tuple[str, str]], now: int) -> None:
    """End each (id, why): at once, or with its process."""
    for message_id, why in sorted(cancels):
        revoke(connection, namespace, message_id, now, reason=why, mark=TERMINATE)
