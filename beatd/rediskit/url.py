"""A Redis URL taken apart: where the server is, and how to speak with it."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from beatd.core.urls import masked
from beatd.errors import StoreError

_TLS = frozenset(
    (
        "ssl_ca_certs",
        "ssl_ca_path",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_keyfile",
        "ssl_password",
    )
)
_KOMBU = frozenset(("global_keyprefix", "priority_steps", "result_keyprefix"))
_EXAMPLE = "write redis://[user:password@]host[:port][/number], or rediss:// for TLS"


def connection_options(url: str) -> tuple[bool, dict[str, Any]]:
    """Return whether the URL asks for TLS, and the options of a connection. Raises StoreError, without the password."""
    try:
        found = urlsplit(url)
        port = found.port
    except ValueError:
        raise StoreError(f"{masked(url)} cannot be read; {_EXAMPLE}") from None
    tls, known = found.scheme.endswith("rediss"), _KOMBU if found.scheme.startswith("celery+") else frozenset[str]()
    options: dict[str, Any] = {"host": unquote(found.hostname or "localhost"), "port": port or 6379}
    options["db"] = _database(found.path, url)
    if found.username:
        options["username"] = unquote(found.username)
    if found.password:
        options["password"] = unquote(found.password)
    for name, value in parse_qsl(found.query, keep_blank_values=True):
        if name in known:
            continue  # the layout's, which has read it
        if name not in _TLS or not tls:
            told = ", ".join(sorted(known | _TLS if tls else known)) or "none; rediss:// takes those of TLS"
            raise StoreError(f"{masked(url)}: unknown option {name!r}; the known ones: {told}")
        options[name] = value
    if tls:
        _check_tls(options, url)
    return tls, options


def _database(path: str, url: str) -> int:
    number = path.strip("/")
    if number and not (number.isascii() and number.isdigit()):
        raise StoreError(f"{masked(url)}: {number!r} is no number of a database; {_EXAMPLE}")
    return int(number or 0)


def _check_tls(options: dict[str, Any], url: str) -> None:
    # Celery's URLs may have it as Python's ssl module does.
    wanted = options.get("ssl_cert_reqs", "required").removeprefix("CERT_").lower()
    options["ssl_cert_reqs"] = wanted
    if wanted not in ("required", "optional", "none"):
        raise StoreError(f"{masked(url)}: ssl_cert_reqs={wanted!r}; write required, optional or none")
    check = str(options.get("ssl_check_hostname", "true")).lower()
    if check not in ("true", "false"):
        raise StoreError(f"{masked(url)}: ssl_check_hostname={check!r}; write true or false")
    # Without a certificate asked for there is no name to compare.
    options["ssl_check_hostname"] = check == "true" and wanted != "none"
