"""Stable names and numbers: message ids, hashes, parts. Pinned by tests, the same on every host and version."""

from hashlib import blake2b, sha256
from uuid import UUID, uuid5

NAMESPACE = UUID("0783e573-7f08-5e07-aaff-d019ebc8fbd9")
PARTS = 64


def message_id(namespace: str, entry: str, generation: int, fire_time: int) -> str:
    """Return the id of the message for one fire, so that a repeat collapses; ``fire_time`` in microseconds."""
    return str(uuid5(NAMESPACE, f"{namespace}\n{generation}\n{fire_time}\n{entry}"))


def part_of(name: str, parts: int = PARTS) -> int:
    """Return the part of the set that an entry falls into; divides labour only."""
    return int.from_bytes(sha256(name.encode()).digest()[:4], "big") % parts


def stable_hash(*words: str) -> int:
    """Return a 63-bit hash of the words, used for jitter, ``H`` and fingerprints."""
    return int.from_bytes(blake2b("\n".join(words).encode(), digest_size=8).digest(), "big") >> 1


def jitter(entry: str, fire_time: int, width: int, gap: int | None) -> int:
    """Return the jitter of one fire in microseconds: below ``width``, and below the ``gap`` to the next fire."""
    limit = width if gap is None else min(width, gap)
    return stable_hash("jitter", entry, str(fire_time)) % limit if limit > 0 else 0
