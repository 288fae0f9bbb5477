"""What differs between databases in the tables that people edit: types, moments, what was committed since a mark."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Column, Connection, inspect, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import BigInteger

from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import Variants
from beatd.sqlkit.messages import as_json
from beatd.sqlkit.odd_text import is_odd_text, taking_any_bytes
from beatd.sqlkit.schema import Json
from beatd.sqlkit.statement import Statement
from beatd.sqlkit.triggers import SQLITE_NOW, text_of, us_of

T = TypeVar("T")


class micros(FunctionElement[int]):  # noqa: N801  as SQL's functions
    """A moment of a column in microseconds; 0 where there is none, or none that can be told."""

    inherit_cache = False
    type = BigInteger()

    def __init__(self, column: Column[Any]) -> None:
        super().__init__(column)
        self.column = column


@compiles(micros, "sqlite")
def _micros_sqlite(element: micros, compiler: Any, **options: Any) -> str:
    return _sqlite_us(str(compiler.process(element.column, **options)))


@compiles(micros, "postgresql")
def _micros_postgresql(element: micros, compiler: Any, **options: Any) -> str:
    return _postgresql_us(str(compiler.process(element.column, **options)))


def _sqlite_us(column: str) -> str:
    return f"coalesce({us_of(column)}, 0)"


def _postgresql_us(column: str) -> str:
    return f"coalesce(beatd_us({column}), 0)"


class plain(FunctionElement[Any]):  # noqa: N801  as SQL's functions
    """A column as text or a number, as the log has it; of a text only the first ``most`` characters."""

    inherit_cache = False

    def __init__(self, column: Column[Any], most: int) -> None:
        super().__init__(column)
        self.column = column
        self.most = most


@compiles(plain, "sqlite")
def _plain_sqlite(element: plain, compiler: Any, **options: Any) -> str:
    column = str(compiler.process(element.column, **options))
    # Of other texts substr() would take what is before a NUL for all there is, and a bad row for a good one.
    return f"substr({column}, 1, {element.most})" if element.column.type is Json else column


@compiles(plain, "postgresql")
def _plain_postgresql(element: plain, compiler: Any, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    kind = element.column.type.dialect_impl(compiler.dialect).__visit_name__
    if kind.lower() == "big_integer":
        return str(column)
    return f"{column}::int" if kind.lower() == "boolean" else f"substr({column}::text, 1, {element.most})"


def read_whatever_is_there(db: Database, work: Callable[[Connection], T]) -> T:
    """Return what ``work`` reads in one transaction; bytes that are no text come as lone surrogates, as in file names.

    SQLite takes any bytes for text, and Python's driver gives up all rows for one of them.
    """
    try:
        with db.read() as connection:
            return work(connection)
    except sqlite3.OperationalError as error:
        if not is_odd_text(error):
            raise
    with db.read() as connection, taking_any_bytes(connection.connection.driver_connection, "surrogateescape"):
        return work(connection)


def as_given(name: str) -> str | bytes:
    """Return a name as a parameter that is cast to text: the bytes that were read, where they are no text."""
    return name if is_text(name) else name.encode(errors="surrogateescape")


def is_text(given: str) -> bool:
    """Return whether what was read is text, and not bytes that are none."""
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return True


class Mark(NamedTuple):
    """What is committed: ``seq`` is the newest line of the log.

    Of a server besides: transactions below ``end`` have ended but for those ``running``.
    """

    seq: int
    end: int = 0
    running: tuple[int, ...] = ()

    def is_ahead_of(self, other: "Mark") -> bool:
        """Return whether this mark cannot be of an earlier state of the same database."""
        return self.seq > other.seq or self.end > other.end


_SQLITE_MARK = f"SELECT {SQLITE_NOW}, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'beatd_changes'), 0), NULL"
_POSTGRESQL_MARK = (
    "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, "
    "coalesce((SELECT max(seq) FROM beatd_changes), 0), txid_current_snapshot()::text"
)
# By its number: SQLite would rather walk all of an index that has the columns, with each commit.
_SQLITE_SINCE = "SELECT DISTINCT kind, name FROM beatd_changes NOT INDEXED WHERE seq > ? AND namespace = ? LIMIT ?"
# Exactly those whose transactions the mark did not see: by the index, however long another transaction has been open.
_POSTGRESQL_SINCE = (
    "SELECT DISTINCT kind, name FROM beatd_changes WHERE txid >= %b AND txid < %b AND namespace = %b UNION "
    "SELECT DISTINCT kind, name FROM beatd_changes WHERE txid = ANY(%b::bigint[]) AND namespace = %b LIMIT %b"
)


def read_mark(connection: Connection) -> tuple[int, Mark]:
    """Return the database's clock, in microseconds, and a mark of what this transaction sees."""
    is_server = connection.dialect.name == "postgresql"
    now, seq, snapshot = _cursor(connection, _POSTGRESQL_MARK if is_server else _SQLITE_MARK, ()).fetchone()
    if snapshot is None:
        return now, Mark(seq)
    _, end, running = snapshot.split(":")
    return now, Mark(seq, int(end), tuple(int(each) for each in running.split(",") if each))


def changed_since(connection: Connection, mark: Mark, now: Mark, namespace: str, most: int) -> list[tuple[str, str]]:
    """Return at most so many (kind, name) of what was committed between two marks; ``now`` is of this transaction."""
    if connection.dialect.name == "sqlite":
        given: tuple[Any, ...] = (mark.seq, namespace, most)
        return _cursor(connection, _SQLITE_SINCE, given).fetchall() if now.seq > mark.seq else []
    given = (mark.end, now.end, namespace, list(mark.running), namespace, most)
    return _cursor(connection, _POSTGRESQL_SINCE, given).fetchall() if now != mark else []


_LINE = "name, seq, op, generation, changed_at, former_changed_at, former"
_SQLITE_LOG_OF = (
    f"SELECT {_LINE} FROM beatd_changes WHERE kind = ? AND namespace = ? AND name IN (SELECT value FROM json_each(?))"
)
# Name by name: where a young table has no statistics, PostgreSQL would walk all of the namespace and look whether each
# line is of one of the names.
_POSTGRESQL_LOG_OF = (
    "SELECT l.* FROM unnest(%b::text[]) AS n(name) CROSS JOIN LATERAL "
    f"(SELECT {_LINE} FROM beatd_changes c WHERE c.kind = %b AND c.namespace = %b AND c.name = n.name OFFSET 0) AS l"
)


def read_log(connection: Connection, kind: str, namespace: str, names: Sequence[str]) -> list[Any]:
    """Return what the log has of these names: name, seq, op, generation, changed_at, former_changed_at, former."""
    if connection.dialect.name == "sqlite":
        found = _cursor(connection, _SQLITE_LOG_OF, (kind, namespace, as_json(names)))
    else:
        found = _cursor(connection, _POSTGRESQL_LOG_OF, (list(names), kind, namespace))
    return list(found.fetchall())


_SQLITE_OF = "seq IN (SELECT value FROM json_each(?))"
_POSTGRESQL_OF = "seq = ANY(%b::bigint[])"
_DROP = "DELETE FROM beatd_changes WHERE op <> 'delete' AND "
_DROP_REMOVALS = (
    "DELETE FROM beatd_changes AS c WHERE op = 'delete' AND NOT EXISTS (SELECT 1 FROM beatd_changes o "
    "WHERE o.kind = c.kind AND o.namespace = c.namespace AND o.name = c.name AND o.seq < c.seq AND o.op <> 'insert' "
    "LIMIT 1 OFFSET 0) AND "
)


def drop_lines(connection: Connection, seqs: Sequence[int]) -> int:
    """Delete these lines of the log, but no removal before what else there is of its name; return how many."""
    is_server = connection.dialect.name == "postgresql"
    given: tuple[Any, ...] = (list(seqs),) if is_server else (as_json(seqs),)
    of = _POSTGRESQL_OF if is_server else _SQLITE_OF
    return sum(int(_cursor(connection, drop + of, given).rowcount) for drop in (_DROP, _DROP_REMOVALS))


def _cursor(connection: Connection, sql: str, given: tuple[Any, ...]) -> Any:
    cursor: Any = connection.connection.cursor()
    if connection.dialect.name == "postgresql":
        cursor.format = 1
    cursor.execute(sql, given)
    return cursor


_TOLD = ("changed_at", "next_fire_at", "last_fire_at", "run_count", "error")
_TABLES = ("beatd_schedules", "beatd_calendars", "beatd_changes")
_RIGHTS = [
    *(
        (f"GRANT {right} ON {table}", f"has_table_privilege('{table}', '{right}')")
        for table, right in (
            *((table, "SELECT") for table in _TABLES),
            *((_TABLES[2], right) for right in ("INSERT", "DELETE")),
        )
    ),
    (
        f"GRANT UPDATE ({', '.join(_TOLD)}) ON beatd_schedules",
        " AND ".join(f"has_column_privilege('beatd_schedules', '{column}', 'UPDATE')" for column in _TOLD),
    ),
    (
        "GRANT USAGE ON SEQUENCE beatd_changes_seq_seq",
        "has_sequence_privilege(pg_get_serial_sequence('beatd_changes', 'seq'), 'USAGE')",
    ),
]
_POSTGRESQL_RIGHTS = f"SELECT current_user, {', '.join(has for _, has in _RIGHTS)}"


def tables_missing(connection: Connection) -> list[str]:
    """Return which of the tables are not there."""
    return [table for table in _TABLES if not inspect(connection).has_table(table)]


def rights_missing(connection: Connection) -> list[str]:
    """Return the statements that would give this user the rights that it lacks."""
    if connection.dialect.name == "sqlite":
        return []
    user, *given = _cursor(connection, _POSTGRESQL_RIGHTS, ()).fetchone()
    return [f"{grant} TO {user}" for (grant, _), has in zip(_RIGHTS, given, strict=True) if not has]


def rights_on(connection: Connection, table: str, rights: Sequence[str]) -> tuple[set[str], str | None]:
    """Return which of the rights this user has on a table, and the statement that would give it those that it lacks."""
    if connection.dialect.name == "sqlite":
        return set(rights), None
    asked = ", ".join(f"has_table_privilege('{table}', '{right}')" for right in rights)
    user, *given = _cursor(connection, f"SELECT current_user, {asked}", ()).fetchone()
    has = {right for right, is_given in zip(rights, given, strict=True) if is_given}
    lacks = [right for right in rights if right not in has]
    return has, f"GRANT {', '.join(lacks)} ON {table} TO {user}" if lacks else None


# Locked first, in the order in which they are given, and those that somebody else has locked left alone. Name by name,
# for the reason above.
_POSTGRESQL_FREE = (
    "s.ctid = ANY(ARRAY(SELECT (SELECT x.ctid FROM beatd_schedules x WHERE x.namespace = f.namespace "
    "AND x.name = f.name FOR UPDATE SKIP LOCKED) "
    "FROM unnest(CAST(:namespace AS text[]), CAST(:name AS text[])) AS f(namespace, name)))"
)
_POSTGRESQL_US = _postgresql_us("s.changed_at")
_SQLITE_US = _sqlite_us("changed_at")

_POSTGRESQL_TOLD = (
    "unnest(CAST(:namespace AS text[]), CAST(:name AS text[]), CAST(:number AS bigint[]), "
    "CAST(:next_fire AS bigint[]), CAST(:last_fire AS bigint[]), CAST(:runs AS bigint[]), CAST(:error AS text[])) "
    "AS t(namespace, name, number, next_fire, last_fire, runs, error)"
)
_POSTGRESQL_DIFFERS = (
    f"s.namespace = t.namespace AND s.name = t.name AND {_POSTGRESQL_US} <= t.number "
    "AND (s.next_fire_at, s.last_fire_at, s.run_count, s.error) "
    "IS DISTINCT FROM (beatd_moment(t.next_fire), beatd_moment(t.last_fire), t.runs, t.error)"
)


_TELL: Variants = {
    "sqlite": lambda: text(
        f"UPDATE beatd_schedules SET next_fire_at = {text_of(':next_fire')}, "
        f"last_fire_at = {text_of(':last_fire')}, run_count = :runs, error = :error "
        f"WHERE namespace = :namespace AND name = CAST(:name AS TEXT) AND {_SQLITE_US} <= :number "
        "AND (next_fire_at, last_fire_at, run_count, error) "
        f"IS NOT ({text_of(':next_fire')}, {text_of(':last_fire')}, :runs, :error)"
    ),
    "postgresql": lambda: text(
        "UPDATE beatd_schedules AS s SET next_fire_at = beatd_moment(t.next_fire), "
        "last_fire_at = beatd_moment(t.last_fire), run_count = t.runs, error = t.error "
        f"FROM {_POSTGRESQL_TOLD} "
        f"WHERE s.namespace = t.namespace AND s.name = t.name AND s.ctid = ANY(ARRAY(SELECT (SELECT s.ctid "
        f"FROM beatd_schedules s WHERE {_POSTGRESQL_DIFFERS} FOR UPDATE SKIP LOCKED) FROM {_POSTGRESQL_TOLD}))"
    ),
}
TELL = Statement(lambda: _TELL)
"""Write the columns for the eye where they differ: namespace, name, number, next_fire, last_fire, runs, error."""

_LOCKED: Variants = {
    "postgresql": lambda: text(
        f"SELECT t.name FROM {_POSTGRESQL_TOLD} WHERE EXISTS (SELECT 1 FROM beatd_schedules s "
        f"WHERE {_POSTGRESQL_DIFFERS} OFFSET 0)"
    ),
}
LOCKED = Statement(lambda: _LOCKED)
"""Return the names of those to which that would have to be written: on a server, what others have locked."""

_TOUCH: Variants = {
    "sqlite": lambda: text(
        f"UPDATE beatd_schedules SET changed_at = {text_of(f'max({SQLITE_NOW}, :above + 1)')} "
        f"WHERE namespace = :namespace AND name = :name AND {_SQLITE_US} <= :number"
    ),
    "postgresql": lambda: text(
        "UPDATE beatd_schedules AS s SET changed_at = greatest(clock_timestamp(), beatd_moment(t.above + 1)) "
        "FROM unnest(CAST(:namespace AS text[]), CAST(:name AS text[]), CAST(:number AS bigint[]), "
        "CAST(:above AS bigint[])) AS t(namespace, name, number, above) "
        f"WHERE s.namespace = t.namespace AND s.name = t.name AND {_POSTGRESQL_US} <= t.number AND {_POSTGRESQL_FREE}"
    ),
}
TOUCH = Statement(lambda: _TOUCH)
"""Make a new version of rows as they are: namespace, name, number, above."""


_BURY: Variants = {
    "sqlite": lambda: text(
        "INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at) "
        "SELECT 'schedule', :namespace, :name, 'delete', coalesce((SELECT max(c.generation) FROM beatd_changes c "
        "WHERE c.kind = 'schedule' AND c.namespace = :namespace AND c.name = :name), 0), "
        f"max({SQLITE_NOW}, :above + 1) WHERE NOT EXISTS "
        "(SELECT 1 FROM beatd_schedules s WHERE s.namespace = :namespace AND s.name = :name)"
    ),
    "postgresql": lambda: text(
        "INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at) "
        "SELECT 'schedule', t.namespace, t.name, 'delete', coalesce((SELECT max(c.generation) FROM beatd_changes c "
        "WHERE c.kind = 'schedule' AND c.namespace = t.namespace AND c.name = t.name), 0), "
        "greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint, t.above + 1) "
        "FROM unnest(CAST(:namespace AS text[]), CAST(:name AS text[]), CAST(:above AS bigint[])) "
        "AS t(namespace, name, above) WHERE NOT EXISTS "
        "(SELECT 1 FROM beatd_schedules s WHERE s.namespace = t.namespace AND s.name = t.name)"
    ),
}
BURY = Statement(lambda: _BURY)
"""Note the removal of names that have no row: namespace, name, above."""
