"""Sending into a Redis server."""

from collections.abc import Callable, Sequence

from beatd.core.message import Message, require_sizes
from beatd.errors import NotSupportedError
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
        layout = self._server.layout
        is_on_record = self._history == "all" and message.entry is not None
        if is_on_record or not layout.sends_one:
            self.send_many((message,))
            return
        require_sizes((message,))
        put_off = (b"%d" % message.due, b"%d" % self._clock.now()) if message.due else ()
        place = b"%d" % layout.place_of(message)
        self._server.run_on("send_one", (message.id, layout.packed(message), message.queue, place, *put_off))

    def send_many(self, sent: Sequence[Message]) -> None:
        """Send all in one script. Raises StoreError for a message that is too large."""
        self.begin_many(sent)()

    def begin_many(self, sent: Sequence[Message]) -> Callable[[], None]:
        """Send it; what is returned waits for the answer, and tries again what got lost."""
        require_sizes(sent)
        if not sent:
            return lambda: None
        now = self._clock.now()
        rows: object = False
        if self._history == "all":
            rows = [self._row(message, now) for message in sent]
        return self._server.begin("send", now, messages.columns(sent, self._server.layout), rows)

    def send_unique(self, message: Message, *, key: str, lasts: int) -> str:
        """Send unless another unfinished message holds the key; return the id of the one that does."""
        if not self._server.layout.sees_finish:
            raise NotSupportedError(
                f"{self._server.url} cannot hold a call unique: ids in kombu's lists cannot be looked up, and Celery's "
                "workers tell of no ends; leave unique_for out, or use redis://"
            )
        require_sizes([message])
        now = self._clock.now()
        sent = messages.columns([message], self._server.layout)
        holder: bytes = self._server.run("unique", now, sent, key, now + lasts)
        return holder.decode()

    def _row(self, message: Message, now: int) -> object:
        if message.entry is None or message.fire_time is None:
            return False
        value = fires.value_of_message(message, now, reason=fires.TRIGGERED)
        return message.entry, message.id, message.fire_time, value
