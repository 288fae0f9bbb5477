"""Outcomes on a Redis server."""

from beatd.brokerports import Stored
from beatd.core.states import State
from beatd.rediskit.outcomes import CLAIMED, DEAD, standings, stored_of
from beatd.rediskit.server import Server


class RedisOutcomes:
    """The port ``Outcomes``; results lie on the broker's own server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def get(self, message_id: str) -> Stored | None:
        """Return what is known of a message, None if nothing is."""
        (found,) = standings(self._server, [message_id])
        result = None if found.outcome is None else stored_of(message_id, found.outcome)
        if found.task is None or found.state == DEAD:
            return result
        if found.state == CLAIMED:
            return Stored(message_id=message_id, state=State.STARTED, started_at=found.claimed_at, task=found.task)
        if result is not None and result.state is State.RETRY:
            return result
        return Stored(message_id=message_id, state=State.PENDING, task=found.task)

    def forget(self, message_id: str) -> None:
        """Delete the stored outcome; the history keeps its state."""
        self._server.run("forget", [message_id])

    def prune(self, *, before: int, limit: int = 1000) -> int:
        """Delete at most ``limit`` outcomes finished before that moment, oldest first; return how many."""
        return int(self._server.run("forget", False, before, limit))
