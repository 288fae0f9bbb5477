"""Pauses of queues on a Redis server."""

import msgspec

from beatd.core.record import Pause
from beatd.rediskit.server import Server

_PAUSE = msgspec.json.Decoder(Pause)


class RedisPauses:
    """The port ``Pauses``; the hash ``paused`` has them by queue."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def pause(self, queue: str, pause: Pause) -> None:
        """Let nobody claim from a queue until it is resumed."""
        self._server.command("HSET", self._key, queue, msgspec.json.encode(pause))

    def resume(self, queue: str) -> bool:
        """End a pause, and wake who waits; False where there was none."""
        return bool(self._server.run("resume", queue))

    def paused(self) -> dict[str, Pause]:
        """Return the queues that are paused."""
        told = self._server.command("HGETALL", self._key)
        found = {queue.decode(): _PAUSE.decode(value) for queue, value in zip(told[::2], told[1::2], strict=True)}
        return dict(sorted(found.items()))

    @property
    def _key(self) -> str:
        return f"{self._server.prefix}paused"
