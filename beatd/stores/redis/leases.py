"""Leases on a Redis server: the parts are shared evenly among the schedulers that are live."""

from collections.abc import Mapping
from typing import Any

import msgspec

from beatd.core.entry import DAY
from beatd.core.identity import PARTS
from beatd.ports import Clock, Holding, SchedulerInfo
from beatd.rediskit.server import Server
from beatd.stores.holder import here
from beatd.stores.redis.install import installation_of, new_state

LATELY = DAY
"""How long a scheduler is listed after it was last seen."""


class RedisLeases:
    """The port ``Leases``; ``status`` may give host, pid, started_at and revision, else this process's own.

    Each takes at most its share and gives back what is above it. One that comes waits a ttl for its share, so that one
    that comes and goes moves nothing; what nobody holds it takes at once.
    """

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    def renew(self, holder: str, *, ttl: int, status: Mapping[str, object]) -> Holding:
        """Renew what ``holder`` has, within its share; ``ttl`` in microseconds. Looks at the server once a minute."""
        self._server.recheck()
        now = self._clock.now()
        where = {**here(), **status}
        scheduler = (holder, str(where["host"]), str(where["pid"]))
        told = msgspec.json.encode(dict(status)).decode()
        started, revision = status.get("started_at", False), status.get("revision", 0)
        installation, holders, parts = self._server.run(
            "lease", now, ttl, scheduler, started, revision, told, PARTS, new_state(self._server.layout)
        )
        return Holding(
            now=now,
            until=now + ttl,
            parts=frozenset(parts),
            holders=holders,
            installation=installation_of(installation),
        )

    def release(self, holder: str) -> None:
        """Give everything back: a graceful stop."""
        self._server.run("leave", self._clock.now(), holder)

    def holders(self) -> list[SchedulerInfo]:
        """Return the schedulers seen within a day, live or not, the longest running first."""
        now = self._clock.now()
        found = [_info(*told) for told in self._server.run("holders", now, now - LATELY)]
        return sorted(found, key=lambda info: (info.started_at, info.holder))


def fields_of(pairs: list[bytes]) -> dict[str, str]:
    """Return a hash as the server tells it."""
    return {pairs[at].decode(): pairs[at + 1].decode() for at in range(0, len(pairs), 2)}


def _info(holder: bytes, parts: int, pairs: list[bytes]) -> SchedulerInfo:
    fields = fields_of(pairs)
    status: Any = msgspec.json.decode(fields.get("status", "{}"))
    return SchedulerInfo(
        holder=holder.decode(),
        host=fields["host"],
        pid=int(fields["pid"]),
        started_at=int(fields["started_at"]),
        seen_at=int(fields["seen_at"]),
        expires_at=int(fields["expires_at"]),
        parts=parts,
        revision=int(fields["revision"]),
        status=status,
    )
