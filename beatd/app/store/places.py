"""Which place a target names."""

import os
from typing import Any

from beatd.clock import SystemClock
from beatd.config.urls import celery_app, has_tables, is_url, usable_url
from beatd.core.field_values import FieldError
from beatd.errors import StoreError
from beatd.stores.edits.port import Place

_KNOWN = "give postgresql://…, sqlite:///…, or the path of a TOML file"


def place_of(
    target: str | os.PathLike[str] | None,
    connection: Any,
    namespace: str,
    *,
    schema: str | None,
    create: bool,
    timezone: str,
) -> Place:
    """Return the place; nothing is opened yet. Raises StoreError, TypeError."""
    if (target is None) == (connection is None):
        raise TypeError("ScheduleStore takes a target or connection=, one of them")
    if connection is not None:
        from beatd.stores.edits.sql import BorrowedPlace

        return BorrowedPlace(connection, namespace, schema=schema)
    if schema is not None:
        raise TypeError("schema= is for connection=; a URL names its own: ?schema=NAME")
    text = os.fspath(target or "")
    if is_url(text):
        from beatd.stores.edits.sql import SqlPlace

        return SqlPlace(_database(text), namespace, create=create)
    if celery_app(text) is not None:
        raise StoreError(f"{text}: the entries of a Celery project are edited in its code; {_KNOWN}")
    from beatd.stores.edits.toml import TomlPlace

    return TomlPlace(text, create=create, timezone=timezone, now=SystemClock().now)


def _database(url: str) -> str:
    try:
        usable = usable_url("target", url, os.environ)
    except FieldError as error:
        raise StoreError(f"{error.reason}" + (f"; {error.hint}" if error.hint else "")) from None
    if not has_tables(usable):
        scheme = usable.partition("://")[0]
        raise StoreError(f"{scheme}:// holds no table of entries; {_KNOWN}")
    return usable
