"""A file that is replaced as a whole, by one writer at a time."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from beatd.core.toml_text import LARGEST
from beatd.errors import DefinitionError, StoreError

WAIT_SECONDS = 5.0
_LOOK_SECONDS = 0.02


@contextmanager
def alone(folder: Path, seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Keep other beatds from editing files of a folder meanwhile. Raises StoreError where one does so for too long."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}; name a file in a folder that is there") from None
    try:
        deadline = time.monotonic() + seconds
        while not _locked(handle):
            if time.monotonic() > deadline:
                raise StoreError(f"{folder}: somebody else has been editing a file of it for {seconds:g}s; try again")
            Event().wait(_LOOK_SECONDS)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks: what is read is compared before it is replaced
    return True


def read(path: Path) -> bytes | None:
    """Return what a file holds, None where there is none. Raises DefinitionError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DefinitionError(str(path), f"cannot be read: {error.strerror}") from None


def replace(path: Path, content: bytes) -> None:
    """Put a file in the place of another, with its mode and owner, or of none.

    After a crash it is the former or the latter, never a part. A link stays one. Raises StoreError; then all is as it
    was.
    """
    target = Path(os.path.realpath(path))
    written = None
    try:
        handle, written = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".new", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            _be_like(handle, target)
            file.write(content)
            file.flush()
            os.fsync(handle)
        Path(written).replace(target)
        _sync(target.parent)
    except OSError as error:
        if written is not None:
            with suppress(OSError):
                Path(written).unlink()
        raise StoreError(f"{path} cannot be written: {error.strerror}") from error


def _be_like(handle: int, target: Path) -> None:
    try:
        former = target.stat()
    except FileNotFoundError:
        os.fchmod(handle, 0o600)
        return
    if not os.access(target, os.W_OK):
        raise PermissionError(0, "it may not be written by this user")
    with suppress(PermissionError):
        os.fchown(handle, former.st_uid, former.st_gid)
    os.fchmod(handle, former.st_mode & 0o7777)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
