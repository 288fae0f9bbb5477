"""Messages as the server keeps them: what the scheduler's step and the broker both write."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from beatd.core.message import Headers, Message

if TYPE_CHECKING:
    from beatd.rediskit.layout import Layout

_encode = msgspec.json.Encoder().encode
_OUTLINE = msgspec.json.Decoder(list[Any])
_META = msgspec.json.Decoder(
    tuple[
        str,
        str,
        str,
        dict[str, Any],
        str,
        str,
        int | None,
        int,
        int | None,
        str | None,
        int | None,
    ]
)


def columns(sent: Sequence[Message], layout: "Layout") -> tuple[list[object], ...]:
    """Return messages as the scripts take them, in columns: to Lua a table for each would cost more than all the rest.

    Raises TypeError for headers that are no JSON.
    """
    ids: list[object] = [message.id for message in sent]
    pairs: list[object] = [*ids, *ids]
    pairs[::2], pairs[1::2] = ids, [as_bytes(layout.packed(message)) for message in sent]
    return (
        ids,
        [message.queue for message in sent],
        [layout.place_of(message) for message in sent],
        [message.due for message in sent],
        pairs,
    )


def packed(message: Message) -> bytes:
    """Return what does not change while a message waits: ``PRIORITY EXPIRES META``, META in JSON, and the body."""
    headers = message.headers
    meta = (
        message.task,
        message.queue,
        message.id,
        msgspec.Raw(headers.json) if type(headers) is Headers else headers,
        message.content_type,
        message.content_encoding,
        message.priority,
        message.due,
        message.expires,
        message.entry,
        message.fire_time,
    )
    head = b"%d %d " % (message.priority or 0, message.expires or 0)
    return b"".join((head, _encode(meta), b"\n", message.body))


def outline_of(value: bytes) -> Message:
    """Return a message without headers and body: what every layout puts first in a value."""
    task, queue, message_id, *_ = _OUTLINE.decode(value.partition(b"\n")[0].split(b" ", 2)[2])
    return Message(id=message_id, task=task, queue=queue, headers={}, body=b"")


def as_bytes(data: bytes) -> msgspec.Raw:
    """Return bytes in the form of MessagePack's text: Redis' own decoder knows no other."""
    return msgspec.Raw(b"".join((b"\xdb", len(data).to_bytes(4, "big"), data)))


def message_of(value: bytes) -> Message:
    """Return the message that a value (``PRIORITY EXPIRES META``, a new line, the body) holds."""
    head, _, body = value.partition(b"\n")
    meta = _META.decode(head.split(b" ", 2)[2])
    task, queue, message_id, headers, content_type, content_encoding, priority, due, expires, entry, fire_time = meta
    return Message(
        id=message_id,
        task=task,
        queue=queue,
        headers=headers,
        body=body,
        content_type=content_type,
        content_encoding=content_encoding,
        priority=priority,
        due=due,
        expires=expires,
        entry=entry,
        fire_time=fire_time,
    )
