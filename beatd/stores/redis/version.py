"""A version as its value in the hash ``definitions``: ``+FINGERPRINT JSON``, or ``-0 JSON`` for a removal."""

import msgspec

from beatd.core.entry import Draft, Version

_CONTENT = msgspec.json.Decoder(tuple[int, str, str | None, str | None])


def content_of(draft: Draft | None, fingerprint: int, now: int) -> str:
    """Return the value of a draft; None: the name is removed."""
    if draft is None:
        return "-0 " + msgspec.json.encode((now, "file", None, None)).decode()
    return f"+{fingerprint} {msgspec.json.encode((now, *draft.told())).decode()}"


def copied(value: str, now: int) -> str:
    """Return the value of a new version that says the same as this one."""
    head, _, text = value.partition(" ")
    _, *told = _CONTENT.decode(text)
    return f"{head} {msgspec.json.encode((now, *told)).decode()}"


def version_of(name: str, number: str, value: str) -> Version:
    """Return the version that a value holds."""
    head, _, text = value.partition(" ")
    changed_at, source, document, error = _CONTENT.decode(text)
    return Version.stored(name, int(number), changed_at, int(head[1:]), source, document, error)
