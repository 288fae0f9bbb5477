"""Outcomes beside Celery's: what a worker of beatd stored, else what a worker of Celery left on the same server."""

from beatd.brokerports import Stored
from beatd.rediskit.celery_meta import stored_in
from beatd.rediskit.server import Server
from beatd.results.redis import RedisOutcomes


class CeleryOutcomes:
    """The port ``Outcomes``; ``prefix``: what the keys of Celery's results begin with. Those expire by themselves."""

    def __init__(self, server: Server, prefix: str) -> None:
        self._server = server
        self._prefix = prefix
        self._own = RedisOutcomes(server)

    def get(self, message_id: str) -> Stored | None:
        """Return what is known of a message; None for one that waits in its queue, where no id can be looked up."""
        found = self._own.get(message_id)
        if found is not None:
            return found
        meta = self._server.command("GET", f"{self._prefix}{message_id}")
        return None if meta is None else stored_in(message_id, meta)

    def forget(self, message_id: str) -> None:
        """Delete the stored outcome, Celery's too; the history keeps its state."""
        self._own.forget(message_id)

    def prune(self, *, before: int, limit: int = 1000) -> int:
        """Delete at most ``limit`` of beatd's own outcomes finished before that moment; return how many."""
        return self._own.prune(before=before, limit=limit)
