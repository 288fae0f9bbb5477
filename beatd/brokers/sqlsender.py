"""Sending into a SQL database."""

from collections.abc import Sequence

from beatd.core.message import Message, require_sizes
from beatd.ports import Clock
from beatd.sqlkit import fires, messages
from beatd.sqlkit.database import Database


class SqlSender:
    """The port ``Sender``. A message sent for an entry (a trigger) goes on record in its history."""

    def __init__(self, db: Database, namespace: str, clock: Clock, history: str = "all") -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock
        self._history = history

    def send(self, message: Message) -> None:
        """Return once the message is committed; an id that waits, runs or has run is ignored."""
        self.send_many((message,))

    def send_many(self, sent: Sequence[Message]) -> None:
        """Send all in one transaction. Raises StoreError for a message that is too large."""
        require_sizes(sent)
        if not sent:
            return
        with self._db.write() as connection:
            now = self._clock.now()
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
