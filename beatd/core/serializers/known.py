"""The serializers this process knows, by name: those that come with beatd, and the user's own."""

from collections.abc import Callable, Sequence
from typing import Any

from beatd.core.serializers.formats import BUILT_IN, check_installed
from beatd.core.serializers.serializer import Serializer
from beatd.errors import CallError, NotSerializableError, SettingsError

_KNOWN: dict[str, Serializer] = {each.name: each for each in BUILT_IN}
_OURS = frozenset(_KNOWN)


def register_serializer(
    name: str,
    dumps: Callable[[Any], str | bytes],
    loads: Callable[[Any], Any],
    *,
    content_type: str,
    content_encoding: str = "utf-8",
) -> None:
    """Make a serializer known under ``name``, to callers and to workers; its own name again replaces it.

    ``dumps`` is given (args, kwargs, embed), ``loads`` returns them. With the encoding "binary" ``loads`` is given
    bytes, else text. Workers take it only where ``accept`` names it. Raises CallError.
    """
    texts: dict[str, object] = {"name": name, "content_type": content_type, "content_encoding": content_encoding}
    functions: list[object] = [dumps, loads]
    for what, value in texts.items():
        if not (isinstance(value, str) and value.strip() and value.isprintable()):
            raise CallError(f"register_serializer({what}={value!r}): give text")
    if not all(map(callable, functions)):
        raise CallError(f"register_serializer({name!r}): dumps and loads must be functions")
    taken = next((each for each in _KNOWN.values() if each.content_type == content_type and each.name != name), None)
    if name in _OURS or taken is not None:
        of = repr(name) if taken is None else f"the content type {content_type!r} of {taken.name!r}"
        raise CallError(f"register_serializer({name!r}): {of} is taken; choose another")
    _KNOWN[name] = Serializer(
        name=name, dumps=dumps, loads=loads, content_type=content_type, content_encoding=content_encoding
    )


def serializer_named(name: str) -> Serializer:
    """Return the serializer of this name. Raises NotSerializableError that lists those there are."""
    found = _KNOWN.get(name)
    if found is None:
        remedy = f"known: {', '.join(sorted(_KNOWN))}; register_serializer adds others"
        raise NotSerializableError(f"there is no serializer {name!r}; {remedy}")
    return found


def accepted(content_type: str, accept: Sequence[str]) -> Serializer:
    """Return the serializer of a content type, if ``accept`` has its name or that type. Raises ValueError.

    Nothing of the body has been looked at by then.
    """
    found = next((each for each in _KNOWN.values() if each.content_type == content_type), None)
    if found is None:
        remedy = "send JSON, or register_serializer(...) in a module that the worker imports, and name it in accept"
        raise ValueError(f"the body's content type is {content_type!r}, which no serializer here has; {remedy}")
    if found.name in accept or content_type in accept:
        return found
    allowed = ", ".join(map(repr, accept)) or "nothing"
    remedy = f"send it in another form, or add {found.name!r} to accept in [beatd] where the worker runs"
    if found.name == "pickle":
        remedy += ": whoever can send to its queues can then run any code there"
    raise ValueError(
        f"the body's content type is {content_type!r} ({found.name}), and the setting accept allows {allowed}; {remedy}"
    )


def check_accept(accept: Sequence[str]) -> None:
    """Raise SettingsError for a name or content type in ``accept`` that cannot be read here, once code is imported."""
    for word in accept:
        found = next((each for each in _KNOWN.values() if word in (each.name, each.content_type)), None)
        if found is None:
            remedy = (
                f"known: {', '.join(sorted(_KNOWN))}; register_serializer adds others, in a module that is imported"
            )
            raise SettingsError("accept", f"there is no serializer {word!r}", remedy)
        try:
            check_installed(found.name)
        except NotSerializableError as error:
            raise SettingsError("accept", str(error)) from None
