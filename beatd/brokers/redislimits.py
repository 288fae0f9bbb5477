"""What holds messages back, on a Redis server."""

from beatd.ports import Clock
from beatd.rediskit.server import Server


class RedisLimits:
    """The port ``Limits``."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    def revoke(self, message_id: str) -> bool:
        """End an unstarted message as revoked, or mark a running one so that it is not run again."""
        return bool(self._server.run("revoke", self._clock.now(), message_id))
