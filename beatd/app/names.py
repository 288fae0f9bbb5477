"""The importable name of the module that a function stands in, also when its file runs as a script."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def task_name(function: Callable[..., Any]) -> str:
    """Return ``module.function``, the name under which a worker that imports the module knows the task."""
    return f"{module_name(function.__module__)}.{function.__name__}"


def module_name(module: str) -> str:
    """Return the name by which other processes import ``module``; only ``__main__`` has another."""
    if module != "__main__":
        return module
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return str(spec.name)  # python -m package.module
    file = getattr(main, "__file__", None)
    return module if file is None else name_of_file(Path(file).resolve(), Path.cwd())


def name_of_file(file: Path, cwd: Path) -> str:
    """Return the module name of a script: from its outermost package, else as seen from ``cwd``, else its own name."""
    root = file.parent
    while (root / "__init__.py").exists() and root != root.parent:
        root = root.parent
    if root == file.parent and file.is_relative_to(cwd):
        root = cwd
    parts = file.relative_to(root).with_suffix("").parts
    # A folder such as "my-folder" cannot be part of an import; then only the file's own name is left.
    return ".".join(parts) if all(part.isidentifier() for part in parts) else file.stem
