"""Waiting for a file to be written, by Linux's inotify; only a hint that hastens a poll."""

import ctypes
import os
import select
import sys
from pathlib import Path

_IN_MODIFY = 0x2
_IN_IGNORED = 0x8000


class Watch:
    """Tells when a file was written; where ``works`` is false that cannot be told, and the caller polls.

    ``gone``: the file was deleted, another watch is needed.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = _watch(path)
        self.works = self._descriptor is not None
        self.gone = False

    def wait(self, seconds: float) -> bool:
        """Return True once the file was written since the last call, False after ``seconds``."""
        if self._descriptor is None:
            return False
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, seconds))
        if not ready:
            return False
        if _mask(os.read(self._descriptor, 65536)) & _IN_IGNORED:
            self.close()
            self.gone = True
        return True

    def close(self) -> None:
        """Stop watching."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self.works = False


def _watch(path: Path) -> int | None:
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = int(libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))
    except (OSError, AttributeError):
        return None  # no Linux
    if descriptor < 0:
        return None  # the user's limit of inotify instances is reached
    if libc.inotify_add_watch(descriptor, os.fsencode(path), _IN_MODIFY) < 0:
        os.close(descriptor)
        return None
    return descriptor


def _mask(events: bytes) -> int:
    # struct inotify_event: int wd; uint32 mask, cookie, len; no name where the watch is on a file.
    mask = 0
    for start in range(0, len(events) - 15, 16):
        mask |= int.from_bytes(events[start + 4 : start + 8], sys.byteorder)
    return mask
