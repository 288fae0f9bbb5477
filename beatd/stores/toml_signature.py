"""What a file, or a folder of files, looks like from outside: cheap to ask, different after every edit."""

import os
from pathlib import Path

Signature = tuple[tuple[str, str, int, int, int, int], ...] | None


def signature(path: Path) -> Signature:
    """Return real path, inode, times and size of each file; None where there is nothing to be read."""
    try:
        files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        return tuple(_of_file(file) for file in files)
    except OSError:
        return None


def _of_file(file: Path) -> tuple[str, str, int, int, int, int]:
    found = file.stat()
    return str(file), os.path.realpath(file), found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size
