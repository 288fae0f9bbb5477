"""MessagePack, YAML and pickle, as kombu writes and names them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from beatd.core.plain import plain, revive
from beatd.core.serializers.serializer import Serializer
from beatd.errors import NotSerializableError

_TYPED_MARK = b"__type__"
_PICKLE_PROTOCOL = 4
"""The newest that every supported Python, and any that Celery's workers run on, can read."""


def _msgpack_dumps(parts: tuple[list[Any], dict[str, Any], dict[str, Any]]) -> bytes:
    args, kwargs, embed = parts
    arguments = [_packable(value, f"argument {index}") for index, value in enumerate(args, 1)]
    keywords = {key: _packable(value, f"kwargs[{key!r}]") for key, value in kwargs.items()}
    return msgspec.msgpack.encode([arguments, keywords, embed])


def _packable(value: Any, place: str) -> Any:
    """Return what JSON carries, but bytes as they are. Raises NotSerializableError."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    try:
        if isinstance(value, Mapping):
            return {key: _packable(item, f"{place}[{key!r}]") for key, item in _with_text_keys(value, place).items()}
        if isinstance(value, list | tuple):
            return [_packable(item, f"{place}[{index}]") for index, item in enumerate(value)]
    except RecursionError:
        raise NotSerializableError("an argument is nested too deeply for msgpack, or contains itself") from None
    return plain(value, place)


def _with_text_keys(value: Mapping[Any, Any], place: str) -> dict[str, Any]:
    # JSON's rules for keys, and for what marks a typed value.
    names = plain(dict.fromkeys(value), place)
    return dict(zip(names, value.values(), strict=True))


def _msgpack_loads(body: bytes) -> Any:
    value = msgspec.msgpack.decode(body)
    return revive(value) if _TYPED_MARK in body else value


def _yaml_dumps(parts: tuple[list[Any], dict[str, Any], dict[str, Any]]) -> str:
    yaml = _yaml()
    try:
        return str(yaml.safe_dump(list(parts)))
    except yaml.representer.RepresenterError as error:
        found = error.args[-1]
        kind = f"{type(found).__module__}.{type(found).__qualname__}".removeprefix("builtins.")
        remedy = "pass its text (str(...)), or plain lists, dicts, text, numbers, dates and bytes"
        raise NotSerializableError(f"an argument is or holds a {kind}, which yaml cannot carry; {remedy}") from None


def _yaml_loads(text: str) -> Any:
    return _yaml().safe_load(text)


def _yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise NotSerializableError("the serializer 'yaml' needs PyYAML: pip install 'beatd[yaml]'") from None
    return yaml


def _pickle_dumps(parts: tuple[list[Any], dict[str, Any], dict[str, Any]]) -> bytes:
    import pickle

    return pickle.dumps(parts, protocol=_PICKLE_PROTOCOL)


def _pickle_loads(body: bytes) -> Any:
    import pickle

    # Reached only for what the worker's own settings accept.
    return pickle.loads(body)  # noqa: S301  whoever can send runs code then; docs/library.md says so


BUILT_IN: tuple[Serializer, ...] = (
    Serializer(
        name="json",
        dumps=msgspec.json.encode,
        loads=msgspec.json.decode,
        content_type="application/json",
        content_encoding="utf-8",
    ),
    Serializer(
        name="msgpack",
        dumps=_msgpack_dumps,
        loads=_msgpack_loads,
        content_type="application/x-msgpack",
        content_encoding="binary",
    ),
    Serializer(
        name="yaml",
        dumps=_yaml_dumps,
        loads=_yaml_loads,
        content_type="application/x-yaml",
        content_encoding="utf-8",
    ),
    Serializer(
        name="pickle",
        dumps=_pickle_dumps,
        loads=_pickle_loads,
        content_type="application/x-python-serialize",
        content_encoding="binary",
    ),
)
"""JSON's own way is in ``core.protocol``, which tells places and types; it is here for its name."""


def check_installed(name: str) -> None:
    """Raise NotSerializableError, with what to install, for a serializer whose library is not there."""
    if name == "yaml":
        _yaml()
