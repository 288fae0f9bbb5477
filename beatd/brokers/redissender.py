"""Sending into a Redis server."""

from collections.abc import Sequence

from beatd.core.message import Message, require_sizes
from beatd.ports import Clock
from beatd.rediskit import fires, messages
from beatd.rediskit.server import Server


class RedisSender:
    """The port ``Sender``. A message sent for an entry (a trigger) goes on record in its history."""

    def __init__(self, server: Server, clock: Clock, history: str = "exceptions") -> None:
        self._server = server
        self._clock = clock
        self._history = history

    def send(self, message: Message) -> None:
        """Return once the server has the message; an id that waits, runs or has run is ignored."""
        self.send_many((message,))

    def send_many(self, sent: Sequence[Message]) -> None:
        """Send all in one script. Raises StoreError for a message that is too large."""
        require_sizes(sent)
        if not sent:
            return
        now = self._clock.now()
        rows: object = False
        if self._history == "all":
            rows = [self._row(message, now) for message in sent]
        self._server.run("send", now, messages.columns(sent, self._server.layout), rows)

    def _row(self, message: Message, now: int) -> object:
        if message.entry is None or message.fire_time is None:
            return False
        value = fires.value_of_message(message, now, reason=fires.TRIGGERED)
        return message.entry, message.id, message.fire_time, value
