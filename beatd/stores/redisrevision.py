"""Which set may replace which, on a Redis server."""

from beatd.core.entry import SECOND
from beatd.errors import StaleSetError
from beatd.rediskit.server import Server
from beatd.stores.redisleases import fields_of

VANISHED_FOR = 600 * SECOND
"""How long a scheduler that vanished without a graceful stop still speaks for its set."""


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
            manner = "runs" if live else "vanished less than 10 minutes ago without a graceful stop"
            msg = (
                f"this set of schedules is older than the one of scheduler {carrier!r} (host {fields['host']}, "
                f"pid {fields['pid']}), which {manner}; deploy the newer files here, stop that scheduler, or pass "
                "--replace-set"
            )
            raise StaleSetError(msg)


def carried_by(server: Server, holder: str) -> str | None:
    """Return the digest of the set that a scheduler carries, None where it carries none yet."""
    found: bytes | None = server.command("HGET", f"{server.prefix}scheduler:{holder}", "digest")
    return None if found is None else found.decode()
