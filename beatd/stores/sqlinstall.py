"""The state of a namespace, created once."""

from collections.abc import Sequence
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, bindparam, select, update

from beatd.ports import Installation
from beatd.sqlkit import schema
from beatd.sqlkit.dialect import insert_new
from beatd.sqlkit.messages import as_json
from beatd.sqlkit.statement import Statement
from beatd.stores.libraries import PACKAGES, changes, installed

_n = schema.namespaces.c
_READ = Statement(lambda: select(schema.namespaces).where(_n.namespace == bindparam("namespace")))
_INSERT = Statement(lambda: insert_new(schema.namespaces, ("namespace", "id", "since", *PACKAGES)))
_REMEMBER = Statement(
    lambda: (
        update(schema.namespaces)
        .where(_n.namespace == bindparam("of_namespace"))
        .values({column: bindparam(column) for column in PACKAGES})
    )
)
_MARK = Statement(
    lambda: (
        update(schema.namespaces)
        .where(_n.namespace == bindparam("of_namespace"))
        .values(rolled_back_at=bindparam("rolled_back_at"))
    )
)


_CONFIRM = Statement(
    lambda: (
        update(schema.namespaces)
        .where(_n.namespace == bindparam("of_namespace"))
        .values(id=bindparam("id"), since=bindparam("since"), replaces=bindparam("replaces"))
    )
)


def find(connection: Connection, namespace: str) -> Installation | None:
    """Return the state of the namespace, None before it was created."""
    row = _READ.row(connection, namespace=namespace)
    if row is None:
        return None
    return Installation(
        id=row.id,
        since=row.since,
        revision=row.revision,
        digest=row.digest,
        rolled_back_at=row.rolled_back_at,
        replaces=tuple(msgspec.json.decode(row.replaces)) if row.replaces else (),
    )


def install(connection: Connection, namespace: str, now: int) -> Installation:
    """Create the state of the namespace if it is not there, and return it; in the writer's transaction."""
    found = find(connection, namespace)
    while found is None:
        # Of two who do so at once the second waits for the first one's commit, and then finds what that one made.
        _INSERT.change(connection, namespace=namespace, id=str(uuid4()), since=now, **installed())
        found = find(connection, namespace)
    return found


def remember(connection: Connection, namespace: str) -> dict[str, tuple[str | None, str | None]]:
    """Keep the versions of the libraries that compute fire times; return (former, present) of those that changed."""
    row, present = _READ.row(connection, namespace=namespace), installed()
    former = {column: getattr(row, column) for column in PACKAGES}
    if former != present:
        _REMEMBER.change(connection, of_namespace=namespace, **present)
    return changes(former, present)


def mark(connection: Connection, namespace: str, at: int | None) -> None:
    """Set or clear the mark under which no scheduler emits."""
    _MARK.change(connection, of_namespace=namespace, rolled_back_at=at)


def replace(connection: Connection, former: Installation, namespace: str, since: int, ids: Sequence[str]) -> None:
    """Give the state a new id, in place of these and of its own former ones, and a new beginning."""
    replaced = sorted({former.id, *former.replaces, *ids})
    _CONFIRM.change(connection, of_namespace=namespace, id=str(uuid4()), since=since, replaces=as_json(replaced))
