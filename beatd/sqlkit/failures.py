"""Turns the errors of SQLite's driver into ours, once."""

import sqlite3

from sqlalchemy.exc import DBAPIError

from beatd.errors import BeatdError, BrokerUnavailableError, NotStorableError, StoreError

_DRIVER_ERRORS = (DBAPIError, sqlite3.Error)

# By the beginning of SQLite's extended result code. These may pass without anyone's hand:
_PASSING = {
    "SQLITE_BUSY": "the database was locked for too long by another process",
    "SQLITE_LOCKED": "the database was locked for too long by another connection",
    "SQLITE_FULL": "the disk is full; free some space",
    "SQLITE_IOERR": "the disk reported an error",
    "SQLITE_CANTOPEN": "the file cannot be opened",
    "SQLITE_PROTOCOL": "the database was locked for too long by another process",
}
# These do not:
_LASTING = {
    "SQLITE_READONLY": "cannot be written; change its owner or mode, or remount the disk",
    "SQLITE_NOTADB": "is not an SQLite database; name another file, or move this one away",
    "SQLITE_CORRUPT": "is damaged; put back a backup (`beatd db backup` makes them), or move it away",
    "SQLITE_PERM": "may not be opened by this user; change its owner or mode",
    "SQLITE_AUTH": "may not be opened by this user; change its owner or mode",
    "SQLITE_SCHEMA": "was changed by another program while in use; try again",
}


def is_busy(error: Exception) -> bool:
    """Return whether another connection holds the lock."""
    return _code(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def translated(error: Exception, url: str, place: str) -> BeatdError | None:
    """Return our error for a driver's, None where it is a mistake of this program and must stay as it is."""
    if not isinstance(error, _DRIVER_ERRORS):
        return None
    code = _code(error)
    for prefix, reason in _PASSING.items():
        if code.startswith(prefix):
            return BrokerUnavailableError(url, reason)
    for prefix, reason in _LASTING.items():
        if code.startswith(prefix):
            return StoreError(f"{place} {reason}")
    if code.startswith("SQLITE_TOOBIG"):
        return NotStorableError(f"{place} does not take a value of this size")
    if "no such table" in str(error) or "no such column" in str(error):
        return StoreError(f"{place} lacks a table or column of beatd; run `beatd db upgrade`")
    return None


def _code(error: Exception) -> str:
    origin = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(origin, "sqlite_errorname", ""))
