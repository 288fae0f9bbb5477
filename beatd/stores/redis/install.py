"""The state of a namespace on a Redis server, created once."""

from collections.abc import Sequence
from uuid import uuid4

import msgspec

from beatd.ports import Installation
from beatd.rediskit.layout import Layout
from beatd.rediskit.server import Server
from beatd.stores.libraries import changes, installed

FIELDS = ("id", "since", "revision", "digest", "rolled_back_at", "replaces")
"""What the scripts tell of a state, in this order."""


def new_state(layout: Layout) -> tuple[str, list[str]]:
    """Return what a state is made with where there is none: an id, and fields: libraries' versions, the layout."""
    there = ((name, version) for name, version in installed().items() if version is not None)
    return str(uuid4()), ["layout", layout.fragment, *(word for pair in there for word in pair)]


def installation_of(fields: Sequence[bytes | None]) -> Installation:
    """Return the state that the scripts tell."""
    told = [field.decode() if field else "" for field in fields]
    state_id, since, revision, digest, rolled_back_at, replaces = told
    return Installation(
        id=state_id,
        since=int(since),
        revision=int(revision),
        digest=digest,
        rolled_back_at=int(rolled_back_at) if rolled_back_at else None,
        replaces=tuple(msgspec.json.decode(replaces)) if replaces else (),
    )


def remember(server: Server) -> dict[str, tuple[str | None, str | None]]:
    """Keep the versions of the libraries that compute fire times; return (former, present) of those that changed."""
    key, present = f"{server.prefix}state", installed()
    found = server.command("HMGET", key, *present)
    former = {name: each and each.decode() for name, each in zip(present, found, strict=True)}
    for name, version in present.items():
        if former[name] != version:
            server.command(*(("HDEL", key, name) if version is None else ("HSET", key, name, version)))
    return changes(former, present)
