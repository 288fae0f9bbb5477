"""Which set may replace which, on a Redis server."""

from beatd.rediskit.server import Server
from beatd.stores.redis.leases import fields_of
from beatd.stores.sets import VANISHED_FOR, stale_beside


def first_applied(server: Server, digest: str) -> int | None:
    """Return when a set of this digest was first applied, None if never."""
    found = server.command("HGET", f"{server.prefix}revisions", digest)
    return None if found is None else int(found)


def refuse_stale(server: Server, digest: str, holder: str, now: int) -> None:
    """Raise StaleSetError where a scheduler carries a set that was first applied after this one."""
    applied_at = first_applied(server, digest)
    if applied_at is None:
        return  # never seen before: the newest of all
    for name, _, pairs in server.run("holders", now, 0):
        carrier, fields = name.decode(), fields_of(pairs)
        live = int(fields["expires_at"]) > now
        speaks = live or int(fields["seen_at"]) > now - VANISHED_FOR
        if carrier == holder or fields["stopped"] == "1" or not speaks or "digest" not in fields:
            continue
        if (first_applied(server, fields["digest"]) or 0) > applied_at:
            raise stale_beside(carrier, fields["host"], fields["pid"], live=live)


def carried_by(server: Server, holder: str) -> str | None:
    """Return the digest of the set that a scheduler carries, None where it carries none yet."""
    found: bytes | None = server.command("HGET", f"{server.prefix}scheduler:{holder}", "digest")
    return None if found is None else found.decode()
