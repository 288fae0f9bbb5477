"""A task message, Celery protocol v2: headers, and a body of ``[args, kwargs, embed]``."""

from collections.abc import Iterable
from typing import Any

import msgspec

from beatd.errors import StoreError

MAX_BODY = 16 * 1024 * 1024
"""Bytes. The stores would take more, but one message of that size holds up a Redis server's every other client, and
passes through SQLite's write-ahead log page by page.
"""


_encode = msgspec.json.Encoder().encode


class Headers(dict[str, Any]):
    """Headers that were rendered as they were made, ``json``, so that no store has to; not to be changed."""

    __slots__ = ("json",)

    json: bytes


def headers_json(headers: dict[str, Any]) -> bytes:
    """Return a message's headers in JSON. Raises TypeError for such as are none."""
    return headers.json if type(headers) is Headers else _encode(headers)


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a broker carries.

    ``headers`` are those of Celery's task protocol 2 (``task id eta expires retries timelimit root_id …``) plus
    beatd's (``beatd_entry``, ``beatd_fire_time``, ``periodic_task_name``, ``beatd_trigger``).
    ``priority`` 0-9, higher is sooner, None for the broker's default place (0).
    ``due`` is the moment from which it may be claimed, ``expires`` the moment after which it must not be run;
    microseconds since the epoch, ``due`` 0 for at once.
    """

    id: str
    task: str
    queue: str
    headers: dict[str, Any]
    body: bytes
    content_type: str = "application/json"
    content_encoding: str = "utf-8"
    priority: int | None = None
    due: int = 0
    expires: int | None = None
    entry: str | None = None
    fire_time: int | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message in a worker's hand, to be settled exactly once; ``attempt`` (1, 2, …) fences the settlement.

    ``deliveries``: how many of them count, this one included; those that were given back or settled do not.
    """

    message: Message
    attempt: int
    owner: str
    lease_until: int
    deliveries: int = 1


def too_large(message: Message) -> str | None:
    """Return why the broker cannot take a message, None if it can."""
    if len(message.body) <= MAX_BODY:
        return None
    return f"the body has {len(message.body)} bytes, the limit is {MAX_BODY}"


def require_sizes(messages: Iterable[Message]) -> None:
    """Raise StoreError for the first message that the broker cannot take."""
    for message in messages:
        reason = too_large(message)
        if reason is not None:
            told = f"message {message.id} ({message.task}) cannot be sent: {reason}"
            raise StoreError(f"{told}; pass a reference instead of the data")
