"""The Celery app that ``celery:MODULE[:ATTR]`` names, found as ``celery -A`` finds it."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from beatd.app.imports import exists, import_failure, load_module, put_first
from beatd.errors import AppImportError


def find_app(target: str, app_dir: str) -> Any:
    """Import the project, ``app_dir`` first on the path, and return its app with all its task modules loaded.

    For a process apart. Raises AppImportError.
    """
    # What is imported here to be read again after each edit must neither leave stale byte code nor meet any.
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    # First, so that a celery.py of the project's own does not stand for it.
    celery = _celery()
    put_first(app_dir)
    _import_module(target)
    found = _found(target)
    if not isinstance(found, celery.Celery):
        kind = type(found)
        remedy = f"name it: celery:{target.partition(':')[0]}:ATTRIBUTE"
        raise AppImportError(f"{target!r} is no Celery app but {kind.__module__}.{kind.__qualname__}; {remedy}")
    return found


def module_files(app_dir: str) -> list[str]:
    """Return the files of the imported modules that are the project's own: below its folder, not installed."""
    folder = Path(app_dir).resolve()
    installed = {Path(place).resolve() for place in (sys.prefix, sys.base_prefix)}
    files = {Path(file).resolve() for file in _sources()}
    return sorted(
        str(file)
        for file in files
        if file.is_relative_to(folder)
        and "site-packages" not in file.parts
        and not any(file.is_relative_to(place) and not folder.is_relative_to(place) for place in installed)
    )


def _sources() -> Iterator[str]:
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.endswith(".py"):
            yield os.fspath(file)


def _celery() -> Any:
    try:
        return importlib.import_module("celery")
    except ImportError as error:
        if getattr(error, "name", None) != "celery":
            raise AppImportError(import_failure("celery", error)) from None
        reason = f"celery is not installed beside beatd, in {sys.prefix}"
        raise AppImportError(f"{reason}; install beatd into the project's own environment") from None


def _import_module(target: str) -> None:
    """Import the module by itself, so that an error within it is told as one."""
    module = target.partition(":")[0]
    parent, _, _ = module.rpartition(".")
    if parent:
        load_module(parent)
    if not parent or ":" in target or exists(module):
        load_module(module)


def _found(target: str) -> Any:
    from celery.app.utils import find_app as celerys_own

    module = target.partition(":")[0]
    try:
        found = celerys_own(target)
    except (AttributeError, ImportError) as error:
        raise AppImportError(f"there is no Celery app at {target!r} ({error}); {_remedy(module)}") from None
    if isinstance(found, ModuleType):
        raise AppImportError(f"{target!r} is a module and has no Celery app; {_remedy(module)}")
    return found


def _remedy(module: str) -> str:
    example = f"celery:{module}:ATTRIBUTE"
    return f"name a module with an app in 'app' or 'celery', a package with a celery.py, or {example}"
