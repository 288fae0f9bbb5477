"""Keys of calls in a SQL database, of which one message at a time is sent."""

from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, literal_column, select, update

from beatd.core.message import Message
from beatd.sqlkit import limits
from beatd.sqlkit.dialect import chosen, insert_new
from beatd.sqlkit.holding import unfinished
from beatd.sqlkit.messages import known_ids
from beatd.sqlkit.statement import Statement

_TRIES = 10

_u = limits.unique.c
_of_key = (_u.namespace == bindparam("of_namespace"), _u.key == bindparam("of_key"))
_TAKE = Statement(lambda: insert_new(limits.unique, ("namespace", "key", "message_id", "until_at")))
_LOCK = Statement(lambda: select(_u.message_id, _u.until_at).where(*_of_key).with_for_update())
_TAKE_OVER = Statement(
    lambda: (
        update(limits.unique).where(*_of_key).values(message_id=bindparam("message_id"), until_at=bindparam("until_at"))
    )
)


def _over() -> Select[Any]:
    return (
        select(_u.key)
        .where(_u.namespace == bindparam("of_namespace"), _u.until_at <= bindparam("now"))
        .order_by(_u.until_at)
        .limit(literal_column("8"))
    )


# What another one holds just now is passed over: nobody waits for it.
_FORGET = Statement(lambda: delete(limits.unique).where(_u.namespace == bindparam("of_namespace"), chosen(_over())))


def take(connection: Connection, namespace: str, message: Message, key: str, now: int, until: int) -> str:
    """Take a key for a message until that moment; return the id of the message that holds it, which may be another.

    A key is free, too, once its message is finished: that is looked up here, so that no end has to tell of it.
    """
    of_key = {"of_namespace": namespace, "of_key": key}
    row = {"namespace": namespace, "key": key, "message_id": message.id, "until_at": until}
    held = None
    # Between the two another one may forget a row that is over.
    for _ in range(_TRIES):
        _TAKE.many(connection, [row])
        held = _LOCK.row(connection, **of_key)
        if held is not None:
            break
    if held is not None and held.message_id != message.id:
        if held.until_at > now and unfinished(connection, namespace, [held.message_id]):
            is_repeated = message.id in known_ids(connection, namespace, [message])
            return message.id if is_repeated else str(held.message_id)
        _TAKE_OVER.change(connection, **of_key, message_id=message.id, until_at=until)
    _FORGET.change(connection, of_namespace=namespace, now=now)
    return message.id
