"""One fire's message, the same on every host: rendered once for an entry, with holes for what each fire fills in."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from beatd.core.entry import Call, Entry
from beatd.core.identity import jitter, message_id
from beatd.core.message import Headers, Message
from beatd.core.plan import SHARED, Plan
from beatd.core.protocol import build_message, offset_iso, render_call, render_json
from beatd.core.record import Emission
from beatd.schedules.base import Schedule
from beatd.schedules.moments import iso

RENDERED = 131_072
"""How many entries' calls are kept rendered, at four tenths of a kilobyte each, more with long arguments."""

_ALWAYS_TEXT = frozenset(("id", "root_id", "beatd_fire_time"))
_HOLES = (
    *("id", "eta", "expires", "root_id", "argsrepr", "kwargsrepr"),
    *("beatd_entry", "beatd_fire_time", "periodic_task_name"),
)
"""In the order in which they come."""

_encode = msgspec.json.encode
# Those of a batch have few fire times between them.
_iso = lru_cache(maxsize=4096)(iso)


class _Form(msgspec.Struct, frozen=True):
    """What the messages of all entries on one plan have in common; ``text``: the headers in JSON, with holes."""

    message: Message
    text: bytes


class _Call(msgspec.Struct, frozen=True, gc=False):
    """What an entry's arguments come to in its messages: two headers and the body; ``held``: as the entry has them.

    The same for all entries with the same JSON.
    """

    held: Call
    argsrepr: str
    kwargsrepr: str
    body: bytes


_calls: dict[int | bytes, _Call] = {}


def emission(namespace: str, entry: Entry, schedule: Schedule, generation: int, fire_time: int) -> Emission:
    """Return the message of one fire; jitter becomes its eta, the fire stays where the schedule names it.

    Raises NotSerializableError for arguments or headers that JSON cannot carry.
    """
    eta, name, plan = None, entry.name, entry.plan
    if plan.jitter:
        following = schedule.next_us(fire_time)
        eta = fire_time + jitter(name, fire_time, plan.jitter, following and following - fire_time)
    expires = None if plan.expires is None else fire_time + plan.expires
    # Values kept by the table cannot have given their number to others.
    held = entry.call
    key = held if type(held) is bytes else id(held)
    call = _calls.get(key) or _rendered(key, entry)
    own_id = message_id(namespace, name, generation, fire_time)
    form = _form(plan)
    common = form.message
    message = Message(
        id=own_id,
        task=common.task,
        queue=common.queue,
        headers=_headers(form, call, name, (own_id, eta, expires, fire_time)),
        body=call.body,
        priority=common.priority,
        due=eta or 0,
        expires=expires,
        entry=name,
        fire_time=fire_time,
    )
    return Emission(fire_time, message)


def _headers(form: _Form, call: _Call, name: str, own: tuple[str, int | None, int | None, int]) -> Headers:
    """``own``: what is the fire's own: (id, eta, expiry, fire time)."""
    own_id, eta, expires, fired = own[0], offset_iso(own[1]), offset_iso(own[2]), _iso(own[3])
    id_text, name_text = own_id.encode(), _encode(name)
    headers = Headers(form.message.headers)
    headers["id"] = headers["root_id"] = own_id
    headers["eta"], headers["expires"], headers["beatd_fire_time"] = eta, expires, fired
    headers["argsrepr"], headers["kwargsrepr"] = call.argsrepr, call.kwargsrepr
    headers["beatd_entry"] = headers["periodic_task_name"] = name
    headers.json = form.text % (
        *(id_text, _encode(eta), _encode(expires), id_text, _encode(call.argsrepr), _encode(call.kwargsrepr)),
        *(name_text, fired.encode(), name_text),
    )
    return headers


def _rendered(key: int | bytes, entry: Entry) -> _Call:
    if len(_calls) >= RENDERED:
        _calls.clear()
    held = entry.call
    args, kwargs, body = render_json(held) if type(held) is bytes else render_call(entry.args, entry.kwargs)
    call = _calls[key] = _Call(held, args, kwargs, body)
    return call


@lru_cache(maxsize=SHARED)
def _form(plan: Plan) -> _Form:
    message = build_message(
        id="",
        task=plan.task,
        queue=plan.queue,
        priority=plan.priority,
        time_limit=plan.time_limit,
        soft_time_limit=plan.soft_time_limit,
        headers=plan.headers,
        entry="",
        fire_time=0,
    )
    return _Form(message, _with_holes(message.headers))


def _with_holes(headers: Mapping[str, Any]) -> bytes:
    """Return headers in JSON as a template for ``%``; what is always text has its quotes there."""
    members = []
    for key, value in headers.items():
        told = _encode(value).replace(b"%", b"%%")
        if key in _HOLES:
            told = b'"%b"' if key in _ALWAYS_TEXT else b"%b"
        members.append(_encode(key).replace(b"%", b"%%") + b":" + told)
    return b"{%b}" % b",".join(members)
