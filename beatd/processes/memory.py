"""How much memory a process takes."""

import os
import resource
import sys
from pathlib import Path
from typing import Final

_PAGE: Final = resource.getpagesize()


def resident(pid: int) -> int | None:
    """Return the resident size of a process in bytes; None where it has ended, or the platform does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return None


def own_resident() -> int:
    """Return the resident size of this process in bytes: at its largest, where the platform tells no other."""
    now = resident(os.getpid())
    if now:
        return now
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


def in_words(amount: int) -> str:
    """Return an amount of bytes in whole megabytes."""
    return f"{round(amount / 1_000_000)} MB"
