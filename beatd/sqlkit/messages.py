"""Messages as rows: what the scheduler's step and the broker both write."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, bindparam, delete, select, union_all
from sqlalchemy.types import Text

from beatd.core.message import Message, headers_json
from beatd.core.record import DeadLetter
from beatd.sqlkit import schema
from beatd.sqlkit.dialect import insert_new, is_one_of, members, there
from beatd.sqlkit.statement import Statement

READY, DELAYED, CLAIMED, DEAD = "ready", "delayed", "claimed", "dead"
HELD = "held"
"""Stored behind the unfinished message of its entry, and not in its queue yet."""

_m, _r, _f = schema.messages.c, schema.results.c, schema.fires.c
_LATER = frozenset(("seq", "attempt", "forgiven", "revoked", "owner", "claimed_at", "lease_until", "reason"))
_COLUMNS = [column.name for column in schema.messages.columns if column.name not in _LATER]
_INSERT = Statement(lambda: insert_new(schema.messages, _COLUMNS))
_INSERT_TOLD = Statement(lambda: insert_new(schema.messages, _COLUMNS, returning="id"))
_REMOVE = Statement(
    lambda: delete(schema.messages).where(_m.namespace == bindparam("of_namespace"), _m.id == bindparam("of_id"))
)


def _ended() -> Select[Any]:
    return select(_r.message_id).where(_r.namespace == bindparam("namespace"), is_one_of(_r.message_id, "ids"))


_ENDED = Statement(_ended)
_BURY = Statement(lambda: insert_new(schema.messages, [*_COLUMNS, "reason"]))
_KNOWN = Statement(
    lambda: union_all(
        select(_m.id).where(_m.namespace == bindparam("namespace"), is_one_of(_m.id, "ids")),
        _ended(),
    )
)


def _fired() -> Select[Any]:
    entry, fire_time, message_id = members("fires", Text(), schema.Big, Text())
    same = (_f.namespace == bindparam("namespace"), _f.entry == entry, _f.first == fire_time)
    return select(message_id).where(there(*same, _f.message_id == message_id))


_FIRED = Statement(_fired)


def known_ids(connection: Connection, namespace: str, messages: Sequence[Message]) -> set[str]:
    """Return those ids that wait, run, have run, or were emitted before."""
    return _found(_KNOWN, connection, namespace, messages)


def _found(statement: Statement, connection: Connection, namespace: str, messages: Sequence[Message]) -> set[str]:
    if not messages:
        return set()
    ids = as_json([message.id for message in messages])
    found = {row[0] for row in statement.rows(connection, namespace=namespace, ids=ids)}
    fires = [(message.entry, message.fire_time, message.id) for message in messages if message.entry is not None]
    if fires:
        found.update(row[0] for row in _FIRED.rows(connection, namespace=namespace, fires=as_json(fires)))
    return found


def insert(
    connection: Connection, namespace: str, messages: Iterable[Message], now: int, held: Collection[str] = ()
) -> None:
    """Insert the messages, those ``held`` into no queue yet; an id that is there already is left as it is."""
    rows = [_row(message, namespace, now) for message in messages]
    for row in rows if held else ():
        if row["id"] in held:
            row["state"] = HELD
    _INSERT.many(connection, rows)


def insert_unknown(connection: Connection, namespace: str, messages: Sequence[Message], now: int) -> list[Message]:
    """Insert the messages whose ids neither wait nor run nor have run; return them."""
    # Inserted first, looked for elsewhere after it: beside other writers an id may be settled, and so move from the
    # messages to the results, between a look and an insert. An insert waits for whoever is deleting the same id.
    added = set(_INSERT_TOLD.gather(connection, [_row(message, namespace, now) for message in messages]))
    first: dict[str, Message] = {}
    for message in messages:
        first.setdefault(message.id, message)
    new = [message for message in first.values() if message.id in added]
    over = _found(_ENDED, connection, namespace, new)
    _REMOVE.many(connection, [{"of_namespace": namespace, "of_id": each} for each in sorted(over)])
    return [message for message in new if message.id not in over]


def bury(connection: Connection, namespace: str, letters: Iterable[DeadLetter], now: int) -> None:
    """Insert dead letters; an id that is there already is left as it is."""
    rows = [{**_row(each.message, namespace, now), "state": DEAD, "reason": each.reason} for each in letters]
    _BURY.many(connection, rows)


def as_json(value: object) -> str:
    """Return a value as JSON text."""
    return msgspec.json.encode(value).decode()


def _row(message: Message, namespace: str, now: int) -> dict[str, Any]:
    return {
        "namespace": namespace,
        "id": message.id,
        "queue": message.queue,
        "priority": message.priority or 0,
        "state": DELAYED if message.due > now else READY,
        "due": message.due,
        "expires": message.expires,
        "task": message.task,
        "headers": headers_json(message.headers).decode(),
        "body": message.body,
        "content_type": message.content_type,
        "content_encoding": message.content_encoding,
        "entry": message.entry,
        "fire_time": message.fire_time,
        "sent_at": now,
    }
