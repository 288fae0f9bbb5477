"""What a ``postgresql://`` URL says, checked before anybody connects."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import psycopg
from psycopg import conninfo

from beatd.core.urls import masked
from beatd.errors import StoreError

CONNECT_SECONDS = 5

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}")
# Seconds; a host that vanished is noticed in a minute where nothing is on its way to it, in ten seconds where it is.
_DEFAULTS: dict[str, Any] = {
    "application_name": "beatd",
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
    # Of several hosts the primary: a standby has records of the past.
    "target_session_attrs": "read-write",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect; ``schema`` None: what the connection's own search path says."""

    arguments: dict[str, Any]
    schema: str | None
    prepare: bool


def read_address(url: str) -> Address:
    """Return what a URL says; ``?schema=NAME`` and ``?prepare=off`` are ours, the others libpq's. Raises StoreError."""
    base, _, query = url.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    ours = {key: value for key, value in pairs if key in ("schema", "prepare")}
    rest = [(key, value) for key, value in pairs if key not in ours]
    schema, prepare = ours.get("schema"), ours.get("prepare", "on")
    if schema is not None and not _NAME.fullmatch(schema):
        msg = f"{masked(url)}: {schema!r} cannot be a schema here; use letters, digits and _, as in ?schema=beatd"
        raise StoreError(msg)
    if prepare not in ("on", "off"):
        msg = f"{masked(url)}: prepare={prepare!r}; write prepare=off for a pooler that cannot take prepared statements"
        raise StoreError(msg)
    try:
        given = conninfo.conninfo_to_dict(base + ("?" + urlencode(rest) if rest else ""))
    except psycopg.Error as error:
        # libpq quotes what it could not read, which may be the password.
        told = str(error).strip() if "query parameter" in str(error) else "libpq cannot read it"
        msg = f"{masked(url)} is no PostgreSQL URL: {told}; write @ : / % of a password as %40 %3A %2F %25"
        raise StoreError(msg) from None
    # What we write and read is UTF-8, whatever the host's locale says.
    return Address({**_DEFAULTS, **given, "client_encoding": "UTF8"}, schema, prepare == "on")
