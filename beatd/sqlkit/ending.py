"""Telling entries' records of their messages' ends, in the transaction that ends them."""

from collections.abc import Iterable
from secrets import randbits
from typing import Any

from sqlalchemy import Connection

from beatd.core.ending import Ending, ended
from beatd.core.record import Item
from beatd.sqlkit import fires, holding, records


class Ends:
    """The ends of one transaction. Records are locked before the messages: in every transaction that touches both."""

    def __init__(self, connection: Connection, namespace: str, now: int) -> None:
        self._connection = connection
        self._namespace = namespace
        self._now = now
        self._rows: dict[str, Any] = {}

    def lock(self, names: Iterable[str]) -> None:
        """Read the records of these entries that are to be told, in order of name."""
        rows = records.read_tracked(self._connection, self._namespace, names)
        self._rows = {row.name: row for row in rows}

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
