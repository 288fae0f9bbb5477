"""The triggers that keep ``changed_at`` and the log of changes, whoever edits the tables and however.

``sqlite.sql`` and ``postgresql.sql`` hold them, with what recurs as ``{name argument}``: ``{columns OLD}`` are the
columns that users edit, ``{former OLD}`` the same as members of a JSON object, ``{calendar OLD}`` those of a calendar,
``{us x}`` a moment in microseconds, ``{text x}`` the reverse, ``{now}`` this moment in microseconds, ``{after x}`` the
number that follows the one that was written at x, ``{floor x}`` the least that a client asked for, ``{last l}`` the
last line that the log has of the row, ``{newest k}`` the same of a calendar.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection

from beatd.core.rows.columns import JSON
from beatd.schedules.composition.calendars import KEYS

_END = re.compile(r"\n--\n")
_MACRO = re.compile(r"\{(?P<name>[a-z]+)(?: (?P<given>[A-Za-z_.]+))?\}")
_CREATES = re.compile(r"^CREATE TRIGGER (\w+)", re.MULTILINE)
# What JSON has another type for; of the others it is the same.
_CASTS: Mapping[str, Mapping[str, str]] = {
    "postgresql": {**dict.fromkeys(JSON, "::text"), "enabled": "::int"},
    "sqlite": {},
}
ASTRAY = "the triggers look for the tables in another schema, so that every edit fails: the schema was renamed"
_THERE = {
    "postgresql": (
        "SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgenabled IN ('O', 'A') "
        "AND c.relname IN ('beatd_schedules', 'beatd_calendars') AND pg_table_is_visible(c.oid)"
    ),
    "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'trigger'",
}
_ASTRAY = (
    "SELECT EXISTS (SELECT 1 FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid "
    "WHERE c.relname IN ('beatd_schedules', 'beatd_calendars') AND pg_table_is_visible(c.oid) "
    "AND starts_with(p.proname, 'beatd_') "
    "AND 'search_path=' || quote_ident(n.nspname) || ', pg_temp' <> ALL (p.proconfig))"
)


def create(connection: Connection, columns: Sequence[str], *, instead: str = "CREATE FUNCTION") -> None:
    """Make them; the tables are there. ``columns``: those that users edit, but for namespace and name.

    ``instead``: the words with which functions are made.
    """
    dialect, schema = connection.dialect.name, ""
    if dialect != "sqlite":
        schema = str(connection.exec_driver_sql("SELECT current_schema()").scalar())
    for statement in statements(dialect, schema, columns):
        execute(connection, statement.replace("CREATE FUNCTION", instead))


def execute(connection: Connection, statement: str) -> None:
    """Execute a statement without parameters, whatever signs are in it."""
    # The driver of PostgreSQL looks for parameters all the same.
    is_looked_at = connection.dialect.paramstyle in ("format", "pyformat")
    connection.exec_driver_sql(statement.replace("%", "%%") if is_looked_at else statement)


def statements(dialect: str, schema: str, columns: Sequence[str]) -> Iterator[str]:
    """Yield the statements that make them; ``schema``: where the tables are, on a server."""
    macros: dict[str, Callable[[str], str]] = {
        "columns": lambda row: ", ".join(f"{row}.{column}" for column in columns),
        "former": lambda row: _members(row, columns, _CASTS[dialect]),
        "schema": lambda _: quoted(schema),
        **(_SQLITE if dialect == "sqlite" else {}),
    }
    for statement in _END.split(_text_of(dialect)):
        yield _MACRO.sub(lambda found: macros[found["name"]](found["given"]), statement).strip()


def missing(connection: Connection) -> list[str]:
    """Return the names of those that are not there, or are disabled; the tables are there."""
    dialect = connection.dialect.name
    there = set(connection.exec_driver_sql(_THERE[dialect]).scalars())
    return [name for name in _CREATES.findall(_text_of(dialect)) if name not in there]


def are_astray(connection: Connection) -> bool:
    """Return whether some of them look for the tables where they no longer are: the schema was renamed."""
    return connection.dialect.name != "sqlite" and bool(connection.exec_driver_sql(_ASTRAY).scalar())


def mend(connection: Connection, columns: Sequence[str]) -> None:
    """Make them anew, whichever are there."""
    dialect = connection.dialect.name
    for name, table in re.findall(r"^CREATE TRIGGER (\w+)[^;]*? ON (\w+)", _text_of(dialect), re.MULTILINE):
        place = "" if dialect == "sqlite" else f" ON {table}"
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{place}")
    create(connection, columns, instead="CREATE OR REPLACE FUNCTION")


def quoted(name: str) -> str:
    """Return a name as SQL has it, whatever signs are in it."""
    return '"' + name.replace('"', '""') + '"'


def _text_of(dialect: str) -> str:
    return (Path(__file__).parent / f"{dialect}.sql").read_text(encoding="utf-8")


def _members(row: str, columns: Sequence[str], casts: Mapping[str, str]) -> str:
    return ", ".join(f"'{column}', {row}.{column}{casts.get(column, '')}" for column in columns)


SQLITE_NOW = "(CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000)"


def us_of(moment: str) -> str:
    """Return SQLite's words for the microseconds of a moment in a column."""
    # SQLite's functions know no more than milliseconds, and round them.
    exact = (
        f"CAST(strftime('%s', substr({moment}, 1, 19)) AS INTEGER) * 1000000 + CAST(substr({moment}, 21, 6) AS INTEGER)"
    )
    other = f"CAST(round((julianday({moment}) - 2440587.5) * 86400000.0) AS INTEGER) * 1000"
    return f"(CASE WHEN {moment} GLOB '????-??-??T??:??:??.??????Z' THEN {exact} ELSE {other} END)"


def text_of(us: str) -> str:
    """Return SQLite's words for the reverse."""
    return f"strftime('%Y-%m-%dT%H:%M:%S', {us} / 1000000, 'unixepoch') || printf('.%06dZ', {us} % 1000000)"


def _last(kind: str, alias: str) -> str:
    return (
        f"FROM beatd_changes {alias} WHERE {alias}.kind = '{kind}' AND {alias}.namespace = NEW.namespace "
        f"AND {alias}.name = NEW.name ORDER BY {alias}.changed_at DESC, {alias}.seq DESC LIMIT 1"
    )


_SQLITE: Mapping[str, Callable[[str], str]] = {
    "calendar": lambda row: _members(row, KEYS, {}),
    "us": us_of,
    "text": text_of,
    "now": lambda _: SQLITE_NOW,
    "after": lambda moment: f"max(coalesce({us_of(moment)} + 1, 0), {SQLITE_NOW})",
    # Texts are compared: what is no moment, or one that nobody means, is no floor.
    "floor": lambda moment: f"coalesce(CASE WHEN {moment} < '9' THEN {us_of(moment)} END, 0)",
    "last": lambda alias: _last("schedule", alias),
    "newest": lambda alias: _last("calendar", alias),
}
