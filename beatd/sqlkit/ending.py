"""Telling entries' records of their messages' ends, in the transaction that ends them."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from secrets import randbits
from typing import Any

from sqlalchemy import Connection

from beatd.core.ending import Ending, ended
from beatd.core.record import Item
from beatd.sqlkit import fires, holding, records
from beatd.sqlkit.database import Database


class Ends:
    """The ends of one transaction. Records are locked before the messages: in every transaction that touches both.

    ``names``: the entries whose records are to be told, where they are tracked. The transaction is to be alone in
    ``records.noticing`` if there are any.
    """

    def __init__(self, connection: Connection, namespace: str, now: int, names: Iterable[str]) -> None:
        self._connection = connection
        self._namespace = namespace
        self._now = now
        rows = records.lock_tracked(connection, namespace, names)
        self._rows: dict[str, Any] = {row.name: row for row in rows}

    def tell(self, ending: Ending) -> Item | None:
        """Carry out what the end does to its entry's record; return it, None where it does nothing."""
        row = self._rows.get(ending.entry)
        if row is None:
            return None
        connection, namespace, now = self._connection, self._namespace, self._now
        item = ended(namespace, records.record_of(row), ending, now=now, seq=randbits(63))
        if item is None:
            return None
        noticed_at = records.next_notice(connection, namespace, now)
        changed = records.row_of(item.name, item.record, namespace, noticed_at, tracked=True)
        records.write(connection, [changed])
        self._rows[item.name] = row._replace(**changed)
        holding.release(connection, namespace, item.releases, now)
        fires.insert(connection, [fires.of_disposition(each, namespace, now) for each in item.dispositions])
        return item


@contextmanager
def ending(db: Database, namespace: str, now: int, names: Iterable[str]) -> Iterator[tuple[Connection, Ends]]:
    """Open a transaction that ends messages of these entries, which were seen before."""
    told: Collection[str] = set(names)
    # On a server looked for without a lock first: most entries are not tracked, and who ends their messages waits for
    # nobody. A record that is not tracked by now has nothing to do with messages that were emitted until now.
    if told and db.is_server:
        with db.read(once=True) as connection:
            told = records.tracked(connection, namespace, told)
    with db.write(alone=records.noticing(namespace) if told else None) as connection:
        yield connection, Ends(connection, namespace, now, told)
