"""URLs of brokers and stores: which are known, and what a relative path counts from."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from beatd.core.document import nearest
from beatd.core.field_values import LATER, FieldError, shown
from beatd.core.urls import masked

_SCHEMES = ("sqlite", "memory", "postgresql", "postgres", "redis", "rediss", "celery+redis", "celery+rediss")
_WITH_TABLES = ("sqlite", "postgresql")
_LATER = (
    "mysql",
    "mariadb",
    "redis+sentinel",
    "redis+cluster",
    "amqp",
    "amqps",
)
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_KNOWN = "this version has sqlite:///PATH, postgresql://USER@HOST/NAME, redis://HOST and celery+redis://HOST"
_CELERY = "celery:"
_APP = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*(:[^\W\d]\w*)?")


def is_url(text: str) -> bool:
    """Return whether a text is a URL rather than a path."""
    return _URL.fullmatch(text) is not None


def has_tables(url: str) -> bool:
    """Return whether a URL names a database in which entries may be rows of a table."""
    return url.partition("://")[0] in _WITH_TABLES


def named_tables(sources: Iterable[str]) -> list[str]:
    """Return those of the sources of entries that are databases, each once."""
    return list(dict.fromkeys(filter(is_url, sources)))


def is_file(source: str) -> bool:
    """Return whether a source of entries is a file or a folder."""
    return celery_app(source) is None and not is_url(source)


def celery_app(source: str) -> str | None:
    """Return what ``celery:MODULE[:ATTR]`` names, as ``celery -A`` takes it; None for any other source."""
    return source.removeprefix(_CELERY) if source.startswith(_CELERY) else None


def check_celery_app(key: str, target: str) -> None:
    """Raise FieldError for what names no module, or no attribute of one."""
    if not _APP.fullmatch(target):
        reason = f"{shown(_CELERY + target)} names no Celery app"
        raise FieldError(key, reason, "write celery:MODULE or celery:MODULE:ATTRIBUTE, as in celery:proj.app")


def table_url(key: str, url: str, environ: Mapping[str, str]) -> str:
    """Return the URL of a database whose tables hold entries. Raises FieldError for one that cannot."""
    found = usable_url(key, url, environ)
    if not has_tables(found):
        reason = f"{masked(url)!r}: entries are not read from {found.partition(':')[0]}://"
        raise FieldError(key, reason, "name a TOML file or a folder, sqlite:///PATH or postgresql://USER@HOST/NAME")
    return found


def usable_url(key: str, url: str, environ: Mapping[str, str]) -> str:
    """Return the URL with its path made absolute. Raises FieldError for one that this version cannot use."""
    found = _URL.fullmatch(url)
    if found is None:
        # Without "://" nobody can tell what before an "@" is a password.
        quoted = repr(url) if "@" not in url else f"'***@{url.rpartition('@')[2]}'"
        raise FieldError(key, f"{quoted} is no URL", "for example sqlite:///beatd.db")
    scheme = found["scheme"].lower()
    if scheme in _LATER or scheme.partition("+")[0] in _LATER or scheme.startswith("kombu+"):
        raise FieldError(key, f"{masked(url)!r}: {scheme}:// is {LATER}", _KNOWN)
    if scheme.startswith("postgresql+"):
        raise FieldError(key, f"{masked(url)!r}: {scheme} names a driver of SQLAlchemy's", "write postgresql://")
    if scheme not in _SCHEMES:
        hint = nearest(scheme, (*_SCHEMES, *_LATER))
        raise FieldError(key, f"{masked(url)!r}: unknown scheme {scheme!r}", f"{hint} {_KNOWN}" if hint else _KNOWN)
    if scheme == "sqlite":
        return _absolute(key, found["rest"], environ)
    rest = _encoded(key, scheme, found["rest"])
    return f"{'postgresql' if scheme == 'postgres' else scheme}://{rest}"


def _encoded(key: str, scheme: str, rest: str) -> str:
    """Return what follows the scheme. Raises FieldError where part of a password would be taken for something else."""
    head, _, query = rest.partition("?")
    if scheme in ("postgresql", "postgres"):
        # Values of libpq's parameters may hold an "@", as in user=me@server, and a password "#"; names hold none.
        unclear = head.count("@") > 1 or "/" in head.rpartition("@")[0] or "@" in query.partition("=")[0]
    else:
        unclear = rest.count("@") > 1 or any(sign in rest.rpartition("@")[0] for sign in "/?#")
    if unclear:
        # Nobody can tell where the password ends, so nothing of the URL is shown.
        reason = f"'{scheme}://***': around an '@' there is another '@', or '/', '?' or '#'"
        raise FieldError(key, reason, "percent-encode those of a password: %40, %2F, %3F, %23")
    return rest


def _absolute(key: str, rest: str, environ: Mapping[str, str]) -> str:
    """Return the URL of a database file; ``rest`` is ``/relative`` or ``//absolute``."""
    if not rest.startswith("/"):
        raise FieldError(key, f"'sqlite://{rest}' names a host", f"write sqlite:///{rest or 'beatd.db'}")
    path = rest[1:]
    if not path or path.endswith("/") or path == ":memory:":
        raise FieldError(key, f"'sqlite://{rest}' names no file", "for example sqlite:///beatd.db")
    if "?" in path or "#" in path:
        raise FieldError(key, f"'sqlite://{rest}': a path may not hold '?' or '#'", "a SQLite URL takes no parameters")
    # systemd names several state directories in one variable; the first is the service's own.
    base = environ.get("STATE_DIRECTORY", "").partition(":")[0] or Path.cwd()
    return f"sqlite:///{Path(base, path).absolute()}"
