"""Sending into a SQL database."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from beatd.brokers import sqlunique
from beatd.core.message import Message, require_sizes
from beatd.errors import NotSupportedError
from beatd.ports import Clock
from beatd.sqlkit import fires, messages
from beatd.sqlkit.database import Database
from beatd.sqlkit.since import Since


class SqlSender:
    """The port ``Sender``. A message sent for an entry (a trigger) goes on record in its history."""

    def __init__(self, db: Database, namespace: str, clock: Clock, history: str = "all") -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock
        self._history = history
        self._unique = Since(db, "0006")

    def send(self, message: Message) -> None:
        """Return once the message is committed; an id that waits, runs or has run is ignored."""
        self.send_many((message,))

    def send_many(self, sent: Sequence[Message]) -> None:
        """Send all in one transaction. Raises StoreError for a message that is too large."""
        require_sizes(sent)
        if not sent:
            return
        with self._db.write() as connection:
            self._insert(connection, sent, self._clock.now())

    def begin_many(self, sent: Sequence[Message]) -> Callable[[], None]:
        """Send all in one transaction, at once: none is left open."""
        self.send_many(sent)
        return lambda: None

    def send_unique(self, message: Message, *, key: str, lasts: int) -> str:
        """Send unless another unfinished message holds the key; return the id of the one that does."""
        require_sizes([message])
        with self._db.write() as connection:
            if not self._unique.is_reached(connection):
                found = self._unique.found(connection)
                reason = f"{self._db.place} has the older schema {found}, which knows no unique_for"
                raise NotSupportedError(f"{reason}; run `beatd db upgrade`")
            now = self._clock.now()
            holder = sqlunique.take(connection, self._namespace, message, key, now, now + lasts)
            if holder == message.id:
                self._insert(connection, [message], now)
            return holder

    def _insert(self, connection: Connection, sent: Sequence[Message], now: int) -> None:
        new = messages.insert_unknown(connection, self._namespace, sent, now)
        if new:
            self._db.announce(connection, self._namespace)
        if self._history == "all":
            rows = [
                fires.of_message(message, self._namespace, now, reason=fires.TRIGGERED)
                for message in new
                if message.entry is not None and message.fire_time is not None
            ]
            fires.insert(connection, rows)
