"""Values that stand elsewhere: ``{ env = "NAME" }`` and ``{ file = "PATH" }``."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beatd.core.field_values import FieldError, shown

_LARGEST = 64 * 1024


def resolve(key: str, value: Any, environ: Mapping[str, str], base: str) -> tuple[Any, str]:
    """Return the value meant, and where it came from (empty: it stood there itself). Raises FieldError.

    ``base``: the folder from which a relative file counts.
    """
    if isinstance(value, list | tuple):
        found = [resolve(key, item, environ, base) for item in value]
        return [item for item, _ in found], ", ".join(origin for _, origin in found if origin)
    if not isinstance(value, Mapping):
        return value, ""
    if len(value) != 1 or not value.keys() <= {"env", "file"}:
        raise FieldError(key, f'must be a value, {{ env = "NAME" }} or {{ file = "PATH" }}, got {shown(dict(value))}')
    ((kind, name),) = value.items()
    if not isinstance(name, str) or not name:
        raise FieldError(key, f"{{ {kind} = … }} must name one, got {shown(name)}")
    return (_of_env(key, name, environ) if kind == "env" else _of_file(key, name, base)), f"{kind} {name}"


def secret_origin(origin: str) -> bool:
    """Return whether a setting's origin says that the value itself stood in the environment or in another file."""
    return origin.endswith(")") and any(f"({kind} " in origin for kind in ("env", "file"))


def _of_env(key: str, name: str, environ: Mapping[str, str]) -> str:
    found = environ.get(name)
    if not found:
        state = "is not set" if found is None else "is empty"
        raise FieldError(key, f"environment variable {name!r} {state}", f"set {name}, or write the value itself")
    return found


def _of_file(key: str, name: str, base: str) -> str:
    path = Path(base, name)
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST).decode()
    except OSError as error:
        raise FieldError(key, f"file {os.fspath(path)!r} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FieldError(key, f"file {os.fspath(path)!r} is not UTF-8 text") from None
    if not content.strip():
        raise FieldError(key, f"file {os.fspath(path)!r} is empty")
    return content.rstrip("\r\n")
