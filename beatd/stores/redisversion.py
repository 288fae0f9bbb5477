"""A version as its value in the hash ``definitions``: ``+FINGERPRINT JSON``, or ``-0 JSON`` for a removal."""

import msgspec

from beatd.core.entry import Draft, Entry, Version

_CONTENT = msgspec.json.Decoder(tuple[int, str, str | None, str | None])


def content_of(draft: Draft | None, fingerprint: int, now: int) -> str:
    """Return the value of a draft; None: the name is removed."""
    if draft is None:
        return "-0 " + msgspec.json.encode((now, "file", None, None)).decode()
    entry = None if draft.entry is None else draft.entry.document()
    told = (now, draft.place, entry, draft.error if entry is None else None)
    return f"+{fingerprint} {msgspec.json.encode(told).decode()}"


def version_of(name: str, number: str, value: str) -> Version:
    """Return the version that a value holds."""
    head, _, text = value.partition(" ")
    changed_at, source, content, error = _CONTENT.decode(text)
    entry, unreadable = None, None
    try:
        entry = None if content is None else Entry.stored(content)
    except msgspec.MsgspecError as mistake:
        # Newer code wrote it. One entry that is left alone must not keep the others from being read.
        unreadable = str(mistake)
    return Version(
        name=name,
        number=int(number),
        changed_at=changed_at,
        fingerprint=int(head[1:]),
        source=source,
        entry=entry,
        error=error,
        unreadable=unreadable,
    )
