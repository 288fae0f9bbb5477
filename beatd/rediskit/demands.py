"""What beatd asks of a server before it trusts it with records."""

from typing import Any

OLDEST = (6, 2)


def unmet(info: dict[str, Any], url: str) -> str | None:
    """Return what is wrong with a server, and the remedy; ``info``: what it tells of itself and its memory."""
    version = str(info.get("redis_version", ""))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < OLDEST:
        return f"{url} is Redis {version or 'of an unknown version'}; beatd needs 6.2 or newer"
    policy = str(info.get("maxmemory_policy", ""))
    if int(info.get("maxmemory", 0)) and policy != "noeviction":
        return (
            f"{url} may evict records and messages when its memory is full (maxmemory-policy {policy}); run "
            "`redis-cli CONFIG SET maxmemory-policy noeviction`, and set it in redis.conf"
        )
    return None


def as_mapping(text: str) -> dict[str, Any]:
    """Return the answer to INFO by name."""
    lines = (line.partition(":") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: value for name, _, value in lines}
