"""Turns psycopg's errors into ours, by SQLSTATE."""

import shlex
from urllib.parse import unquote, urlsplit

import psycopg
from sqlalchemy.exc import DBAPIError

from beatd.errors import BeatdError, BrokerUnavailableError, NotStorableError, StoreError
from beatd.sqlkit.database import READ_ONLY

# By SQLSTATE or its class (https://www.postgresql.org/docs/current/errcodes-appendix.html), the longest first.
# These may pass without anyone's hand. Of some it is not known what became of the transaction.
_PASSING = {
    "25006": READ_ONLY,
    "25P03": "the transaction was idle for too long: this process was held up",
    "40P01": "the transaction was ended to resolve a deadlock",
    **dict.fromkeys(("42710", "42723", "42P07"), "the tables are to be made, and somebody else makes them"),
    "53100": "the server's disk is full; free some space",
    "53200": "the server is out of memory",
    "53300": "the server has too many connections; raise max_connections, or start fewer processes",
    "55P03": "a row was locked for too long by another transaction",
    "57014": "a statement took too long",
    "57P01": "the server ended the connection: it is shutting down, or an administrator did so",
    "57P02": "the server crashed and is starting again",
    "57P03": "the server is starting up, shutting down or recovering",
    "57P04": "the database was dropped",
    "58030": "the server's disk reported an error",
    "08": "the connection to the server was lost",
    "40": "the transaction could not be serialized with others",
    "53": "the server is out of some resource",
    "57": "the server intervened",
    "58": "the server reported a system error",
}
_LACKS = "lacks a table, a column, a key or a function of beatd; run `beatd db upgrade`"
_NUL = ("22021", "22P05")
# These do not:
_LASTING = {
    "28000": "refuses this user: {told}; see pg_hba.conf, or correct the user in the URL",
    "28P01": "refuses the password of this user; correct it in the URL",
    "3D000": "does not exist; make it: createdb {database}",
    "3F000": "has no schema to keep the tables in; make one and name it: ?schema=NAME",
    "42501": "gives this user no right to it ({told}); grant it: GRANT ALL ON SCHEMA … and its tables TO the user, or "
    "give beatd a schema of its own: ?schema=NAME",
    **dict.fromkeys(("42703", "42883", "42P01", "42P10"), _LACKS),
    "XX001": "is damaged ({told}); restore a backup",
    "XX002": "has a damaged index ({told}); run REINDEX",
}
# What fails before there is a session has no SQLSTATE, only the server's words.
_WORDS = (
    ("password authentication failed", "28P01"),
    ("no password supplied", "28P01"),
    ("no pg_hba.conf entry", "28000"),
    ("authentication failed", "28000"),
    ("is not permitted to log in", "28000"),
    ("too many c", "53300"),
    ("remaining connection slots", "53300"),
    ("read-only", "25006"),
    ("is starting up", "57P03"),
    ("is shutting down", "57P03"),
    ("not yet accepting connections", "57P03"),
)


def translated(error: Exception, url: str, place: str) -> BeatdError | None:
    """Return our error for a driver's, None where it is a mistake of this program and must stay as it is."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(origin, psycopg.Error):
        return None
    told = _told(origin)
    code = origin.sqlstate or _code_of(told)
    if code == "23505" and (origin.diag.constraint_name or "").startswith("pg_"):
        code = "42P07"  # within the catalog: two transactions make the same thing
    if code in _NUL:
        return NotStorableError(f"{place} was given text that holds a NUL byte, which PostgreSQL cannot keep")
    if (lasting := _LASTING.get(code)) is not None:
        return StoreError(f"{place} {lasting.format(told=told, database=_database(url))}")
    if (passing := _PASSING.get(code) or _PASSING.get(code[:2])) is not None:
        return BrokerUnavailableError(url, passing)
    if isinstance(origin, psycopg.OperationalError | psycopg.InterfaceError) and not origin.sqlstate:
        return BrokerUnavailableError(url, told)
    return None


def _database(url: str) -> str:
    return shlex.quote(unquote(urlsplit(url).path.removeprefix("/"))) if urlsplit(url).path.strip("/") else "NAME"


def _told(error: psycopg.Error) -> str:
    if error.diag.message_primary:
        return error.diag.message_primary
    # Of several addresses tried each has its line; the last line says what went wrong.
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].removeprefix("connection failed: ") if lines else "the server gave no reason"


def _code_of(told: str) -> str:
    if 'database "' in told and told.endswith("does not exist"):
        return "3D000"
    if 'role "' in told and told.endswith("does not exist"):
        return "28000"
    return next((code for words, code in _WORDS if words in told), "")
