"""Where an SQLite file lies, and whether it may lie there."""

import os
import re
from pathlib import Path

from beatd.errors import StoreError

MOUNTINFO = Path("/proc/self/mountinfo")

# Their locks are advisory at best, and WAL needs memory shared by every process that has the file open.
NETWORK = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"}
    | {"ocfs2", "orangefs", "pvfs2", "smb2", "smb3", "smbfs", "fuse.ceph", "fuse.cephfs", "fuse.davfs", "fuse.gcsfuse"}
    | {"fuse.glusterfs", "fuse.juicefs", "fuse.rclone", "fuse.s3fs", "fuse.smbnetfs", "fuse.sshfs"}
)

_OCTAL = re.compile(r"\\([0-7]{3})")


def sqlite_path(url: str) -> Path:
    """Return the absolute path that ``sqlite:///…`` names; a relative one counts from $STATE_DIRECTORY, else here."""
    text = url.removeprefix("sqlite:///")
    if text == url or not text or text == ":memory:" or "?" in text:
        msg = f"{url!r} names no database file; write sqlite:///beatd.db, sqlite:////absolute/path.db, or memory://"
        raise StoreError(msg)
    base = os.environ.get("STATE_DIRECTORY", "").split(":")[0] or "."
    return (Path(base) / text).absolute()


def network_file_system(path: Path, mountinfo: str) -> str | None:
    """Return the type of the network file system that holds ``path``, None if it is a local one."""
    best, kind = "", ""
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        if len(fields) < 5 or not right:
            continue
        point = _OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[4])
        # A later line covers an earlier one on the same mount point.
        if len(point) >= len(best) and path.is_relative_to(point):
            best, kind = point, right.split()[0]
    return kind if kind in NETWORK else None


def prepare(path: Path, *, create: bool, mountinfo: Path = MOUNTINFO) -> None:
    """Make sure that a database can be opened at ``path``, making an empty file of mode 0600 if asked to.

    Raises StoreError naming the path and the remedy. Never opens a file that exists: closing it again would drop the
    locks that SQLite holds on it in this process.
    """
    folder = path.parent
    if not folder.is_dir():
        if not create:
            raise _missing(path)
        msg = f"{path}: there is no directory {str(folder)!r}; make it, or name another file"
        raise StoreError(msg)
    if path.is_dir():
        msg = f"{path} is a directory; name a file in it, such as sqlite:///{path}/beatd.db"
        raise StoreError(msg)
    if not create and (not path.exists() or path.stat().st_size == 0):
        raise _missing(path)
    _refuse_network(path, mountinfo)
    if create:
        _create(path)
    _check_access(path)


def _missing(path: Path) -> StoreError:
    return StoreError(f"no database at {path}; `beatd db upgrade` makes it")


def _refuse_network(path: Path, mountinfo: Path) -> None:
    try:
        text = mountinfo.read_text(errors="surrogateescape")
    except OSError:
        return  # no Linux: nothing is known
    kind = network_file_system(path.resolve(), text)
    if kind is not None:
        msg = (
            f"{path} lies on a network file system ({kind}), where SQLite's locks do not hold and data would be lost; "
            "put the file on a local disk"
        )
        raise StoreError(msg)


def _create(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        msg = f"{path} cannot be made ({error.strerror}); give this user the directory, or name another file"
        raise StoreError(msg) from error


def _check_access(path: Path) -> None:
    for place, what in ((path, "file"), (path.parent, "directory")):
        # SQLite keeps its -wal and -shm files beside the database, so the directory must be writable too.
        if not os.access(place, os.R_OK | os.W_OK):
            msg = f"{path}: the {what} is not writable by this user (uid {os.geteuid()}); change its owner or its mode"
            raise StoreError(msg)
