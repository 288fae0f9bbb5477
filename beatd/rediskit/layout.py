"""How messages lie on a server: beatd's own layout, or that of another program."""

from collections.abc import Mapping
from typing import Any, Protocol

from beatd.core.message import Message
from beatd.core.states import Outcome
from beatd.rediskit import messages

Told = tuple[str, str, int]
"""A key, the value that others find there, and for how many milliseconds it is kept."""


class Layout(Protocol):
    """The one thing in which drivers on a Redis server differ.

    ``fragment``: the file of Lua functions that knows where messages lie; ``constants``: what it is told each time.
    ``longest_wait``: seconds between two looks at a queue that is empty. ``sees_finish``: see ``Records``.
    ``others``: whose keys hold messages, where they are not beatd's own. ``sends_one``: whether the script ``send_one``
    is for it.
    """

    fragment: str
    constants: tuple[str, ...]
    longest_wait: float
    sees_finish: bool
    others: str
    sends_one: bool

    def place_of(self, message: Message) -> int:
        """Return where in its queue a message stands: 0-9, higher is sooner."""

    def packed(self, message: Message) -> bytes:
        """Return what is kept of a message while it waits. Raises TypeError for headers that are no JSON."""

    def message_of(self, value: bytes) -> Message:
        """Return the message that a value holds. Raises MalformedMessageError."""

    def told(self, message: Message, outcome: Outcome, now: int, /) -> Told | None:
        """Return where else an outcome is written, for other programs."""

    def unmet(self, info: Mapping[str, Any], url: str, /) -> str | None:
        """Return why this layout cannot be used on a server, and the remedy."""


class OwnLayout:
    """beatd's own: whatever waits can be looked up by its id."""

    fragment = "ready"
    constants: tuple[str, ...] = ()
    # A message wakes who waits; this is for the messages that nobody tells of.
    longest_wait = 1.0
    sees_finish = True
    others = ""
    sends_one = True

    def place_of(self, message: Message) -> int:
        """Return where in its queue a message stands."""
        return message.priority or 0

    def packed(self, message: Message) -> bytes:
        """Return what does not change while a message waits."""
        return messages.packed(message)

    def message_of(self, value: bytes) -> Message:
        """Return the message that a value holds."""
        return messages.message_of(value)

    def told(self, _message: Message, _outcome: Outcome, _now: int) -> Told | None:
        """Return None: outcomes are read through beatd."""
        return None

    def unmet(self, _info: Mapping[str, Any], _url: str) -> str | None:
        """Return None: this layout asks for nothing of its own."""
        return None


OWN = OwnLayout()
