"""Importing the user's modules; what goes wrong is told with the user's own error, not with our frames."""

import importlib
import os
import sys
import traceback
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from beatd.errors import AppImportError

_NOT_THE_USERS = (str(Path(__file__).parent.parent), str(Path(importlib.__file__).parent), "<frozen importlib")
_FRAMES = 5


def put_first(folder: str) -> str:
    """Make ``folder`` the first place on the import path, and return it in full."""
    full = str(Path(folder).absolute())
    if sys.path[:1] != [full]:
        sys.path.insert(0, full)
    return full


def divert_output() -> None:
    """Send what is printed from here on to stderr, from C code too: stdout belongs to the command's own answer.

    For a process apart only; it is not undone.
    """
    with suppress(OSError):  # a process without stderr prints nowhere
        os.dup2(2, 1)
    sys.stdout = sys.stderr


def load_module(name: str) -> ModuleType:
    """Import a module by name. Raises AppImportError."""
    if not all(part.isidentifier() for part in name.split(".")):
        stem = ".".join(Path(name.removesuffix(".py")).parts).strip("./")
        raise AppImportError(f"{name!r} is no module name; give it as in an import, such as {stem or 'tasks'!r}")
    try:
        return importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001  the user's code may raise anything, KeyboardInterrupt too
        raise AppImportError(import_failure(name, error)) from None


def resolve(dotted: str) -> Any:
    """Return what ``module``, ``module:attribute`` or ``module.attribute`` names. Raises AppImportError."""
    module, _, attribute = dotted.partition(":")
    if not attribute and not exists(module) and "." in module:
        module, _, attribute = module.rpartition(".")
    found: Any = load_module(module)
    for step in filter(None, attribute.split(".")):
        if not hasattr(found, step):
            raise AppImportError(f"module {module!r} has no {attribute!r}")
        found = getattr(found, step)
    return found


def exists(module: str) -> bool:
    """Return whether there is a module of this name; its packages are imported to find out."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def import_failure(name: str, error: BaseException) -> str:
    """Return why a module cannot be imported, with the user's own frames."""
    if isinstance(error, ModuleNotFoundError) and error.name is not None and f"{name}.".startswith(f"{error.name}."):
        missing = "" if error.name == name else f" ({error.name!r} is not there)"
        meant = f"; write it as in an import: {name.removesuffix('.py')!r}" if name.endswith(".py") else ""
        return f"no module named {name!r}{missing}{meant}; looked in {_places()}"
    lines = [f"importing {name!r} failed: {type(error).__name__}: {error}"]
    if isinstance(error, ModuleNotFoundError):
        lines.append(f"  looked in {_places()}")
    lines += _frames(error)
    return "\n".join(lines)


def _frames(error: BaseException) -> list[str]:
    """Return the last frames of the user's own code."""
    if isinstance(error, SyntaxError) and error.filename:
        return [f"  {error.filename}:{error.lineno}", *([f"    {error.text.strip()}"] if error.text else [])]
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_NOT_THE_USERS)
    ]
    return [
        text
        for frame in frames[-_FRAMES:]
        for text in (f"  {frame.filename}:{frame.lineno} in {frame.name}", f"    {frame.line}")
    ]


def _places() -> str:
    folder = Path(sys.path[0] or ".")
    found = sorted(
        path.stem
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.suffix == ".py" or (path / "__init__.py").exists()
    )
    there = f" (which has {', '.join(found[:10])})" if found else " (which has no modules)"
    return f"{folder}{there} and the rest of the Python path"
