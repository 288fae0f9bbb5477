"""One fire's message, the same on every host: rendered once for an entry, with holes for what each fire fills in."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from beatd.core.entry import Entry
from beatd.core.identity import jitter, message_id
from beatd.core.message import Headers, Message
from beatd.core.plan import SHARED, Plan
from beatd.core.protocol import build_message, offset_iso, render_call
from beatd.core.record import Emission
from beatd.schedules.base import Schedule
from beatd.schedules.moments import iso

RENDERED = 131_072
"""How many entries' calls are kept rendered, at six tenths of a kilobyte each, more with long arguments."""

_ALWAYS_TEXT = frozenset(("id", "root_id", "beatd_fire_time"))
_HOLES = _ALWAYS_TEXT | {"eta", "expires", "argsrepr", "kwargsrepr", "beatd_entry", "periodic_task_name"}

_encode = msgspec.json.encode
# Those of a batch have few fire times between them.
_iso = lru_cache(maxsize=4096)(iso)


class _Form(msgspec.Struct, frozen=True):
    """What the messages of all entries on one plan have in common; ``text``: the headers in JSON, with holes."""

    message: Message
    text: bytes


class _Call(msgspec.Struct, frozen=True):
    """What is one entry's own in its messages: two headers, these and its name in JSON, and the body."""

    entry: Entry
    form: _Form
    argsrepr: str
    kwargsrepr: str
    argsrepr_text: bytes
    kwargsrepr_text: bytes
    name_text: bytes
    body: bytes


_calls: dict[int, _Call] = {}


def emission(namespace: str, entry: Entry, schedule: Schedule, generation: int, fire_time: int) -> Emission:
    """Return the message of one fire; jitter becomes its eta, the fire stays where the schedule names it.

    Raises NotSerializableError for arguments or headers that JSON cannot carry.
    """
    eta = None
    if entry.jitter:
        following = schedule.next_us(fire_time)
        eta = fire_time + jitter(entry.name, fire_time, entry.jitter, following and following - fire_time)
    expires = None if entry.expires is None else fire_time + entry.expires
    # An entry kept by the table cannot have given its number to another one.
    call = _calls.get(id(entry)) or _rendered(entry)
    own_id = message_id(namespace, entry.name, generation, fire_time)
    common = call.form.message
    message = Message(
        id=own_id,
        task=common.task,
        queue=common.queue,
        headers=_headers(call, own_id, (eta, expires, fire_time)),
        body=call.body,
        priority=common.priority,
        due=eta or 0,
        expires=expires,
        entry=entry.name,
        fire_time=fire_time,
    )
    return Emission(fire_time, message)


def _headers(call: _Call, own_id: str, moments: tuple[int | None, int | None, int]) -> Headers:
    eta, expires, fired = offset_iso(moments[0]), offset_iso(moments[1]), _iso(moments[2])
    told = own_id.encode()
    texts = {
        b"id": told,
        b"eta": _quoted(eta),
        b"expires": _quoted(expires),
        b"root_id": told,
        b"argsrepr": call.argsrepr_text,
        b"kwargsrepr": call.kwargsrepr_text,
        b"beatd_entry": call.name_text,
        b"beatd_fire_time": fired.encode(),
        b"periodic_task_name": call.name_text,
    }
    headers = Headers(call.form.message.headers)
    headers["id"] = headers["root_id"] = own_id
    headers["eta"], headers["expires"], headers["beatd_fire_time"] = eta, expires, fired
    headers["argsrepr"], headers["kwargsrepr"] = call.argsrepr, call.kwargsrepr
    headers["beatd_entry"] = headers["periodic_task_name"] = call.entry.name
    headers.json = call.form.text % texts
    return headers


def _quoted(text: str | None) -> bytes:
    return b"null" if text is None else b'"%b"' % text.encode()


def _rendered(entry: Entry) -> _Call:
    if len(_calls) >= RENDERED:
        _calls.clear()
    args, kwargs, body = render_call(entry.args, entry.kwargs)
    call = _Call(
        entry=entry,
        form=_form(entry.plan),
        argsrepr=args,
        kwargsrepr=kwargs,
        argsrepr_text=_encode(args),
        kwargsrepr_text=_encode(kwargs),
        name_text=_encode(entry.name),
        body=body,
    )
    _calls[id(entry)] = call
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
        if key in _ALWAYS_TEXT:
            told = b'"%%(%b)b"' % key.encode()
        elif key in _HOLES:
            told = b"%%(%b)b" % key.encode()
        members.append(_encode(key).replace(b"%", b"%%") + b":" + told)
    return b"{%b}" % b",".join(members)
