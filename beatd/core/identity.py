"""Stable names and numbers: message ids, hashes, parts. Pinned by tests, the same on every host and version."""

from hashlib import sha1, sha256
from uuid import UUID

from beatd.schedules.hashing import stable_hash

__all__ = ["NAMESPACE", "PARTS", "jitter", "message_id", "part_of", "stable_hash", "uuid4_of"]

NAMESPACE = UUID("0783e573-7f08-5e07-aaff-d019ebc8fbd9")
PARTS = 64

_NAMESPACE = NAMESPACE.bytes


def message_id(namespace: str, entry: str, generation: int, fire_time: int) -> str:
    """Return the id of the message for one fire, so that a repeat collapses; ``fire_time`` in microseconds."""
    # uuid5, without an object for each: by RFC 9562 digit 12 is the version, and digit 16 begins with the bits 10.
    told = f"{namespace}\n{generation}\n{fire_time}\n{entry}".encode()
    digits = sha1(_NAMESPACE + told, usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def uuid4_of(random: bytes) -> str:
    """Return these 16 random bytes as a uuid4, at a third of what the standard library's object costs."""
    digits = random.hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def part_of(name: str, parts: int = PARTS) -> int:
    """Return the part of the set that a name falls into, also one that no entry can have; divides labour only."""
    return int.from_bytes(sha256(name.encode(errors="surrogatepass")).digest()[:4], "big") % parts


def jitter(entry: str, fire_time: int, width: int, gap: int | None) -> int:
    """Return the jitter of one fire in microseconds: below ``width``, and below the ``gap`` to the next fire."""
    limit = width if gap is None else min(width, gap)
    return stable_hash("jitter", entry, str(fire_time)) % limit if limit > 0 else 0
