"""kombu's envelope on Redis: one JSON text with the headers of Celery's task protocol 2 and the body in base64."""

import binascii
import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec

from beatd.core.message import Message
from beatd.errors import MalformedMessageError
from beatd.schedules.moments import from_us, iso, to_us

HIGHEST = 9

# The script that takes an envelope off its list reads the same form: who of the two read more would run a task early.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def level_of(message: Message) -> int:
    """Return kombu's level, 0 being the soonest; a message without priority has its place there."""
    return 0 if message.priority is None else HIGHEST - message.priority


def envelope_of(message: Message) -> bytes:
    """Return the envelope of a message, with a new delivery tag. Raises TypeError for headers that are no JSON."""
    properties = {
        "correlation_id": message.id,
        "reply_to": "",
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": message.queue},
        "priority": level_of(message),
        "body_encoding": "base64",
        "delivery_tag": str(uuid4()),
    }
    return _encode(
        {
            "body": b64encode(message.body).decode("ascii"),
            "content-encoding": message.content_encoding,
            "content-type": message.content_type,
            "headers": _headers(message),
            "properties": properties,
        }
    )


def _headers(message: Message) -> dict[str, Any]:
    moments = {"eta": message.due or None, "expires": message.expires}
    told = {name: from_us(moment).isoformat() for name, moment in moments.items() if moment is not None}
    of_entry = {} if message.entry is None else {"beatd_entry": message.entry}
    if message.fire_time is not None:
        of_entry["beatd_fire_time"] = iso(message.fire_time)
    return {"id": message.id, "task": message.task, **message.headers, **of_entry, **told}


def message_in(envelope: bytes, queue: str) -> Message:
    """Return the message of an envelope that lay in ``queue``. Raises MalformedMessageError that says what is wrong."""
    found = _json(envelope)
    if not isinstance(found, dict):
        raise MalformedMessageError("the envelope is no JSON object")
    headers, properties = found.get("headers"), found.get("properties")
    if not isinstance(headers, dict) or not isinstance(properties, dict):
        raise MalformedMessageError("the envelope has no headers or no properties, as kombu writes them")
    return Message(
        id=_text(headers, "id"),
        task=_text(headers, "task"),
        queue=queue,
        headers=headers,
        body=_body(found.get("body"), properties.get("body_encoding"), headers.get("compression")),
        content_type=_word(found.get("content-type"), "application/json"),
        content_encoding=_word(found.get("content-encoding"), "utf-8"),
        priority=_priority(properties.get("priority")),
        due=_moment(headers, "eta") or 0,
        expires=_moment(headers, "expires"),
        entry=_word(headers.get("beatd_entry"), None),
        fire_time=_moment(headers, "beatd_fire_time"),
    )


def _json(envelope: bytes) -> Any:
    try:
        return _decode(envelope)
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedMessageError(f"the envelope is no JSON: {error}") from None


def _text(headers: dict[str, Any], name: str) -> str:
    found = headers.get(name)
    if isinstance(found, str) and found:
        return found
    said = "the envelope's header" if name in headers else "the envelope has no header"
    raise MalformedMessageError(
        f"{said} {name!r}{' is no text' if name in headers else ''}; Celery's task protocol 2 is needed "
        "(task_protocol = 2 in the sender's settings)"
    )


def _body(body: Any, encoding: Any, compression: Any) -> bytes:
    if compression is not None:
        raise MalformedMessageError(
            f"the body is compressed ({compression!r}), which is not in this version; leave task_compression out"
        )
    if not isinstance(body, str) or encoding not in ("base64", None):
        raise MalformedMessageError(f"the body is {type(body).__name__} in the encoding {encoding!r}; base64 is needed")
    if encoding is None:
        return body.encode()
    try:
        return b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedMessageError(f"the body is no base64: {error}") from None


def _word(value: Any, default: Any) -> Any:
    return value if isinstance(value, str) else default


def _priority(level: Any) -> int | None:
    """Return beatd's priority; what has none, and what has kombu's 0, stands at the place of both."""
    if not isinstance(level, int) or isinstance(level, bool) or level <= 0:
        return None
    return max(0, HIGHEST - level)


def _moment(headers: dict[str, Any], name: str) -> int | None:
    value = headers.get(name)
    if value is None:
        return None
    moment = _read(value)
    if moment is None:
        raise MalformedMessageError(f"the envelope's header {name!r} is {value!r:.100}, which is no ISO 8601 moment")
    return to_us(moment)


def _read(value: Any) -> datetime | None:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
