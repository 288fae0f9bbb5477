"""The state of a namespace on a Redis server, created once."""

from collections.abc import Sequence
from importlib import metadata
from uuid import uuid4

from beatd.ports import Installation


def new_state() -> tuple[str, str | bool, str | bool]:
    """Return what a state is made with where there is none: an id, and the versions of the libraries."""
    present = libraries()
    return str(uuid4()), present["tzdata"] or False, present["astral"] or False


def installation_of(fields: Sequence[bytes | None]) -> Installation:
    """Return the state that the scripts tell."""
    state_id, since, revision, digest, rolled_back_at = (field.decode() if field else "" for field in fields)
    return Installation(
        id=state_id,
        since=int(since),
        revision=int(revision),
        digest=digest,
        rolled_back_at=int(rolled_back_at) if rolled_back_at else None,
    )


def libraries() -> dict[str, str | None]:
    """Return the versions of what computes fire times."""
    return {"tzdata": _version("tzdata"), "astral": _version("astral")}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
