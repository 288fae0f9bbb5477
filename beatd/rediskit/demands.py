"""What beatd asks of a server before it trusts it with records."""

from typing import Any

OLDEST = (6, 2)

FORMAT = 1
"""Of the keys and values of a namespace; ``lua/state.lua`` writes it. A state without one is of the first."""


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


def newer(found: bytes | None, url: str) -> str | None:
    """Return why a namespace's state is refused whose format is ``found``, None where it is not."""
    if found is None or int(found) <= FORMAT:
        return None
    return (
        f"{url} holds the state of a newer beatd (format {int(found)}, this one knows {FORMAT}); install that beatd, "
        "or name another `namespace`"
    )


def as_mapping(text: str) -> dict[str, Any]:
    """Return the answer to INFO by name."""
    lines = (line.partition(":") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: value for name, _, value in lines}
