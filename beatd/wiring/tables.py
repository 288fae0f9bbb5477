"""The tables of entries that a command looks into: those that are named as sources, and the broker's own database."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beatd.config.settings import Settings
from beatd.config.urls import has_tables, named_tables
from beatd.rowports import Rows

if TYPE_CHECKING:
    from beatd.sqlkit.database import Database
    from beatd.stores.rows import SqlRows


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table, over a connection of its own. ``with_state``: it is in the database that holds the state, too."""

    rows: Rows
    with_state: bool
    close: Callable[[], None]


def table_urls(settings: Settings) -> list[str]:
    """Return the URLs of the databases in which rows may be: each once."""
    own = [settings.broker] if has_tables(settings.broker) else []
    return list(dict.fromkeys([*named_tables(settings.schedule), *own]))


def open_tables(urls: Iterable[str], settings: Settings, *, sees_finish: bool) -> list[Table]:
    """Return the tables; they connect on first use. ``sees_finish``: as ``Records`` has it."""
    return [_opened(url, settings, sees_finish=sees_finish) for url in urls]


def _opened(url: str, settings: Settings, *, sees_finish: bool) -> Table:
    from beatd.sqlkit.database import open_database

    database = open_database(url, create=False)
    rows = rows_of(database, settings, sees_finish=sees_finish)
    return Table(rows=rows, with_state=url == settings.broker, close=database.close)


def rows_of(database: "Database", settings: Settings, *, sees_finish: bool) -> "SqlRows":
    """Return the table of a database as these settings read it."""
    from beatd.stores.rows import SqlRows

    return SqlRows(
        database, settings.namespace, timezone=settings.timezone, queue=settings.queue, sees_finish=sees_finish
    )
