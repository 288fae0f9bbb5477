"""The tables of django-celery-beat in a database of Django's, read as they are and never written to."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from beatd.core.urls import masked
from beatd.errors import StoreError

PREFIX = "django_celery_beat_"
SCHEDULES = ("intervalschedule", "crontabschedule", "solarschedule", "clockedschedule")
TASKS = "periodictask"
_TABLES = (TASKS, *SCHEDULES)
# Those without which there is nothing to read. The others came with some version, and may be absent.
_NEEDED = {
    TASKS: {"id", "name", "task"},
    "intervalschedule": {"id", "every", "period"},
    "crontabschedule": {"id", "minute", "hour", "day_of_week", "day_of_month", "month_of_year"},
    "solarschedule": {"id", "event", "latitude", "longitude"},
    "clockedschedule": {"id", "clocked_time"},
}
_KNOWN = {
    TASKS: {
        "interval_id", "crontab_id", "solar_id", "clocked_id", "args", "kwargs", "queue", "exchange", "routing_key",
        "headers", "priority", "expires", "expire_seconds", "one_off", "start_time", "enabled", "last_run_at",
        "total_run_count", "description",
    },
    "crontabschedule": {"timezone"},
}  # fmt: skip
_UNUSED = {TASKS: {"date_changed", "no_changes"}, "clockedschedule": {"enabled"}}
_REMEDY = "run `manage.py migrate django_celery_beat` there, or name the database where it was run"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Rows by table and id, at one moment; ``odd``: how the tables differ from those of the version known here."""

    place: str
    tasks: Sequence[Row]
    schedules: Mapping[str, Mapping[int, Row]]
    odd: Sequence[str] = field(default_factory=list)


def read_tables(url: str) -> Tables:
    """Return what the tables hold. Raises StoreError where they cannot be read, or are not django-celery-beat's."""
    place = masked(url)
    engine, begin = _engine(url, place)
    with _told(place), engine.connect() as connection:
        connection.exec_driver_sql(begin)
        there = set(inspect(connection).get_table_names())
        if PREFIX + TASKS not in there:
            where = " in this schema; ?schema=NAME names another" if begin != "BEGIN" else ""
            raise StoreError(f"{place} has no table {PREFIX}{TASKS}{where}; {_REMEDY}")
        odd: list[str] = []
        rows = {name: _rows(connection, place, name, odd) for name in _TABLES if PREFIX + name in there}
        odd += [f"there is no table {PREFIX}{name}" for name in SCHEDULES if PREFIX + name not in there]
    return Tables(
        place=place,
        tasks=rows[TASKS],
        schedules={name: {row["id"]: row for row in rows.get(name, ())} for name in SCHEDULES},
        odd=odd,
    )


def _rows(connection: Connection, place: str, name: str, odd: list[str]) -> list[Row]:
    columns = {column["name"] for column in inspect(connection).get_columns(PREFIX + name)}
    needed, known = _NEEDED[name], _KNOWN.get(name, set())
    if missing := needed - columns:
        names = ", ".join(sorted(missing))
        raise StoreError(
            f"{place}: the table {PREFIX}{name} has no {names}, so it is not django-celery-beat's; {_REMEDY}"
        )
    if absent := sorted(known - columns):
        odd.append(f"{PREFIX}{name} has no {', '.join(absent)}, as in an older version: read as not given")
    if unknown := sorted(columns - needed - known - _UNUSED.get(name, set())):
        odd.append(f"{PREFIX}{name} has {', '.join(unknown)}, which this version does not know: left out")
    # Bytes and dates that no driver can turn into Python's values are read as they lie there.
    found = connection.execute(text(f"SELECT * FROM {PREFIX}{name} ORDER BY id"))  # noqa: S608  a name of ours
    return [dict(row) for row in found.mappings()]


def _engine(url: str, place: str) -> tuple[Engine, str]:
    """Return an engine that only reads, and the words that begin a transaction which sees one moment."""
    scheme = url.partition("://")[0]
    if scheme == "sqlite":
        return _sqlite(Path(url.removeprefix("sqlite:///")), place), "BEGIN"
    if scheme in ("postgresql", "postgres"):
        return _postgresql(url), "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    raise StoreError(f"{place}: {scheme}:// cannot be read in this version; it reads sqlite:/// and postgresql://")


def _sqlite(path: Path, place: str) -> Engine:
    if not path.is_file():
        raise StoreError(
            f"{place}: there is no file {str(path)!r}; name Django's own, as in DATABASES['default']['NAME']"
        )
    # Not through our own driver for SQLite, which would set the file up for us.
    where = f"file:{quote(str(path))}?mode=ro"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(where, uri=True, timeout=5, isolation_level=None)

    return create_engine("sqlite://", creator=connect, poolclass=NullPool)


def _postgresql(url: str) -> Engine:
    try:
        import psycopg

        from beatd.sqlkit.pgurl import read_address
    except ImportError:
        msg = 'postgresql:// needs a driver that is not installed: pip install "beatd[postgres]"'
        raise StoreError(msg) from None
    address = read_address(url)
    path = f'-c search_path="{address.schema}"' if address.schema else ""
    # A standby will do. A table that somebody holds locked is not waited for without end.
    told = f"{address.arguments.get('options', '')} {path} -c lock_timeout=5s -c statement_timeout=120s".strip()
    given = {**address.arguments, "target_session_attrs": "any", "options": told}

    def connect() -> Any:
        return psycopg.connect(**given, autocommit=True)

    return create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)


@contextmanager
def _told(place: str) -> Iterator[None]:
    """Turn a driver's error into one for people."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise _unreadable(place, getattr(error, "orig", None) or error) from None
    except Exception as error:  # psycopg may not be installed, so its errors are told by their name
        if not type(error).__module__.startswith("psycopg"):
            raise
        raise _unreadable(place, error) from None


def _unreadable(place: str, error: BaseException) -> StoreError:
    first = str(error).strip().partition("\n")[0] or type(error).__name__
    return StoreError(f"{place} cannot be read: {masked(first)}")
