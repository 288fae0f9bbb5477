"""What holds messages back, on a Redis server."""

from collections.abc import Sequence

from beatd.core.ending import Ending
from beatd.ports import Clock
from beatd.rediskit.ending import telling
from beatd.rediskit.server import Server

_NO_MARK, _NOT_AGAIN, _TERMINATE = 0, 1, 2


class RedisLimits:
    """The port ``Limits``."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    def revoke(self, message_id: str, *, terminate: bool = False) -> bool:
        """End an unstarted message as revoked, or mark a running one so that it is not run again."""
        return self._revoke(message_id, _TERMINATE if terminate else _NOT_AGAIN, "revoked")

    def purge(self, queue: str, *, reason: str, limit: int = 500) -> int:
        """End what waits in a queue as revoked, ``limit`` of it at the most; return how many."""
        count, staying = self._server.run("purge", self._clock.now(), queue, limit, reason)
        return int(count) + sum(self._revoke(message_id.decode(), _NO_MARK, reason) for message_id in staying)

    def _revoke(self, message_id: str, mark: int, reason: str) -> bool:
        now = self._clock.now()
        terms = (now, message_id, mark, reason)
        answer = self._server.run("revoke", *terms, False)
        if isinstance(answer, list):
            entry, fire_time = answer
            ending = Ending(entry.decode(), message_id, int(fire_time))
            answer, _ = telling(self._server, ending, now, lambda told: self._server.run("revoke", *terms, told))
        return bool(answer)

    def to_terminate(self, owners: Sequence[str]) -> frozenset[tuple[str, int]]:
        """Return (id, attempt) of what these owners run and others want ended."""
        if not owners:
            return frozenset()
        found = self._server.run("doomed", list(owners))
        return frozenset((message_id.decode(), attempt) for message_id, attempt in found)
