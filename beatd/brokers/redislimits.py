"""What holds messages back, on a Redis server."""

from collections.abc import Sequence

from beatd.ports import Clock
from beatd.rediskit.server import Server


class RedisLimits:
    """The port ``Limits``."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    def revoke(self, message_id: str, *, terminate: bool = False) -> bool:  # noqa: ARG002 - the port's: processes are not ended here
        """End an unstarted message as revoked, or mark a running one so that it is not run again.

        Its process is not ended, ``terminate`` or not.
        """
        return bool(self._server.run("revoke", self._clock.now(), message_id))

    def to_terminate(self, owners: Sequence[str]) -> frozenset[tuple[str, int]]:  # noqa: ARG002 - the port's
        """Return nothing: no process is ended for a message that was revoked."""
        return frozenset()
