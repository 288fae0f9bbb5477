"""Celery's task protocol 2: how a task call becomes a message, and how its body is read."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from beatd.core.message import Message
from beatd.core.plain import is_plain, plain, revive
from beatd.core.serializers.known import accepted, serializer_named
from beatd.errors import NotSerializableError
from beatd.schedules.moments import from_us, iso

CONTENT_TYPE = "application/json"
JSON_ONLY = ("json",)
RESERVED_HEADERS = frozenset(
    {
        "lang", "task", "id", "shadow", "eta", "expires", "group", "group_index", "retries", "timelimit", "root_id",
        "parent_id", "argsrepr", "kwargsrepr", "origin", "ignore_result", "replaced_task_nesting", "stamped_headers",
        "stamps", "beatd_entry", "beatd_fire_time", "periodic_task_name",
    }
)  # fmt: skip
"""The headers that a message sets itself; a caller's header of the same name is dropped."""

_REPR_LENGTH = 1024
_EMBED: dict[str, Any] = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
# Most values hold no typed form; the search for its mark in the bytes is cheaper than a walk through the values.
_TYPED_MARK = b"__type__"
_encode = msgspec.json.Encoder().encode
_NO_EMBED = msgspec.Raw(_encode(_EMBED))
_NO_ARGUMENTS = ("()", "{}", _encode(((), {}, _EMBED)))
_ARRAY = (list, tuple)
_CALL = msgspec.json.Decoder(tuple[list[Any], dict[str, Any]])


def build_message(  # noqa: PLR0913  one keyword per header of the protocol
    *,
    id: str,  # noqa: A002  the protocol's own word
    task: str,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    names: Sequence[str] = (),
    queue: str = "celery",
    priority: int | None = None,
    eta: int | None = None,
    expires: int | None = None,
    retries: int = 0,
    time_limit: float | None = None,
    soft_time_limit: float | None = None,
    headers: Mapping[str, Any] | None = None,
    serializer: str = "json",
    ignore_result: bool | None = None,
    entry: str | None = None,
    fire_time: int | None = None,
    origin: str = "",
    root_id: str | None = None,
    parent_id: str | None = None,
    embed: Mapping[str, Any] | None = None,
) -> Message:
    """Return the message that calls ``task``; moments in microseconds, limits in seconds.

    ``ignore_result`` None: the task's own holds, which False would override in Celery's workers. ``names`` are the
    function's parameters, for what is said of arguments that cannot be carried.

    Raises NotSerializableError for arguments that the serializer cannot carry, or headers that JSON cannot.
    """
    form = serializer_named(serializer)
    if form.content_type == CONTENT_TYPE:
        argsrepr, kwargsrepr, body = render_call(args, kwargs or {}, embed, names)
    else:
        _check_shape(args, kwargs or {})
        argsrepr, kwargsrepr = _safely_short(tuple(args)), _safely_short(dict(kwargs or {}))
        body = form.encode((list(args), dict(kwargs or {}), {**_EMBED, **(embed or {})}))
    own: dict[str, Any] = {
        "lang": "py",
        "task": task,
        "id": id,
        "shadow": None,
        "eta": offset_iso(eta),
        "expires": offset_iso(expires),
        "group": None,
        "group_index": None,
        "retries": retries,
        "timelimit": [time_limit, soft_time_limit],
        "root_id": root_id or id,
        "parent_id": parent_id,
        "argsrepr": argsrepr,
        "kwargsrepr": kwargsrepr,
        "origin": origin,
        "ignore_result": ignore_result,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
    }
    if entry is not None:
        own.update(_entry_headers(entry, fire_time))
    return Message(
        id=id,
        task=task,
        queue=queue,
        headers={**_user_headers(headers, own), **own} if headers else own,
        body=body,
        content_type=form.content_type,
        content_encoding=form.content_encoding,
        priority=priority,
        due=eta or 0,
        expires=expires,
        entry=entry,
        fire_time=fire_time,
    )


def render_call(
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    embed: Mapping[str, Any] | None = None,
    names: Sequence[str] = (),
) -> tuple[str, str, bytes]:
    """Return what a call's arguments come to: the headers ``argsrepr`` and ``kwargsrepr``, and the body.

    Raises NotSerializableError for such as JSON cannot carry.
    """
    if args == () and not kwargs and not embed:
        return _NO_ARGUMENTS
    arguments, keywords = encode_arguments(args, kwargs, names)
    carried = {**_EMBED, **plain(embed, "embed")} if embed else _NO_EMBED
    body = _encode((arguments, keywords, carried))
    return _short(tuple(args)), _short(dict(kwargs)), body


def render_json(call: bytes) -> tuple[str, str, bytes]:
    """Return what ``render_call`` does of arguments that are JSON of [args, kwargs]."""
    args, kwargs = _CALL.decode(call)
    body = _encode((args, kwargs, _NO_EMBED))
    # Of what was JSON, little cannot be carried: numbers with thousands of digits, what looks like a typed form.
    if len(body) > _REPR_LENGTH or _TYPED_MARK in body:
        return render_call(args, kwargs)
    return _short(tuple(args)), _short(kwargs), body


def decode_body(
    message: Message, accept: Sequence[str] = JSON_ONLY
) -> tuple[list[Any], dict[str, Any], dict[str, Any]]:
    """Return a message's args, kwargs and embed. Raises ValueError that says what is wrong with the body.

    ``accept`` names serializers or content types; a body of another is not looked at.
    """
    is_json = message.content_type == CONTENT_TYPE
    form = None if is_json and "json" in accept else accepted(message.content_type, accept)
    if form is None or is_json:
        parts = _decoded(message.body, "the body")
    else:
        parts = form.decode(message.body, message.content_encoding)
    if not isinstance(parts, _ARRAY) or len(parts) != 3:
        raise ValueError("the body is not [args, kwargs, embed] as Celery's task protocol 2 has it")
    args, kwargs, embed = parts
    fits = isinstance(args, _ARRAY) and isinstance(kwargs, dict) and (embed is None or isinstance(embed, dict))
    if not fits:
        raise ValueError("the body's args must be a list, its kwargs an object and its embed an object or null")
    return list(args), kwargs, embed or {}


def encode_arguments(
    args: Sequence[Any], kwargs: Mapping[str, Any], names: Sequence[str] = ()
) -> tuple[list[Any], dict[str, Any]]:
    """Return a call's arguments as JSON carries them; ``names`` are the function's parameters, for the message.

    Raises NotSerializableError for one that it cannot carry; says which, its type and the remedy.
    """
    _check_shape(args, kwargs)
    return (
        [value if is_plain(value) else plain(value, _position(index, names)) for index, value in enumerate(args)],
        {key: value if is_plain(value) else plain(value, f"kwargs[{key!r}]") for key, value in kwargs.items()},
    )


def encode_result(value: Any) -> Any:
    """Return a task's return value as JSON carries it. Raises NotSerializableError with its place and the remedy."""
    return plain(value, "result")


def decode_result(value: Any) -> Any:
    """Return what ``encode_result`` was given, from the JSON value; tuples have become lists. Raises ValueError."""
    return revive(value)


def _decoded(text: bytes, what: str) -> Any:
    try:
        value = msgspec.json.decode(text)
        return revive(value) if _TYPED_MARK in text else value
    except msgspec.DecodeError as error:
        raise ValueError(f"{what} is no JSON: {error}") from error
    except RecursionError as error:
        raise ValueError(f"{what} is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"{what} holds {error}") from error


def _check_shape(args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    if not isinstance(args, list | tuple):
        raise NotSerializableError(f"args must be a list or tuple, not {args!r}")
    if kwargs and not all(isinstance(key, str) for key in kwargs):
        raise NotSerializableError(f"kwargs must be a dict whose keys are text, not {kwargs!r}")


def _position(index: int, names: Sequence[str]) -> str:
    return f"argument {index + 1}" + (f" ({names[index]!r})" if index < len(names) else "")


def _user_headers(headers: Mapping[str, Any] | None, own: Mapping[str, Any]) -> dict[str, Any]:
    given = {key: plain(value, f"headers[{key!r}]") for key, value in headers.items()} if headers else {}
    return {key: value for key, value in given.items() if key not in own}


def _entry_headers(entry: str, fire_time: int | None) -> dict[str, Any]:
    fired = None if fire_time is None else iso(fire_time)
    return {"beatd_entry": entry, "beatd_fire_time": fired, "periodic_task_name": entry}


def offset_iso(moment: int | None) -> str | None:
    """Return a moment as the headers ``eta`` and ``expires`` have it."""
    return None if moment is None else from_us(moment).isoformat()


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _REPR_LENGTH else text[: _REPR_LENGTH - 3] + "..."


def _safely_short(value: object) -> str:
    """Do as ``_short`` does with objects of the user's own, whose ``__repr__`` may raise anything."""
    try:
        return _short(value)
    except Exception:  # noqa: BLE001  the call goes on without it, as no one but people reads it
        return "(cannot be shown)"
