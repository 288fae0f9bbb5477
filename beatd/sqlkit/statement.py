"""A statement of SQLAlchemy Core, compiled once per dialect and then handed straight to the driver."""

import collections
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ClauseElement, Connection, Dialect

from beatd.sqlkit.dialect import Variants

_AT_ONCE = 1000
"""Rows sent in one go: a bounded piece of memory, and of the server's time."""

_PLACEHOLDER = re.compile(r"(?<!%)%s")

T = TypeVar("T")


class _Compiled(NamedTuple):
    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]
    by_columns: bool
    """Whether each parameter is an array of one column's values, so that one execution does for many rows."""
    binary: bool
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    """Takes the parameters' values out of those given by name, in the order of the statement."""


class Statement:
    """Core's text at the driver's speed: Core's own execution takes several times as long as SQLite's.

    ``build`` is called at first use. Every parameter is a ``bindparam``; values and rows pass as they are, so only
    integers, text, bytes and None. Runs inside the transaction of ``connection``.
    """

    def __init__(self, build: Callable[[], ClauseElement | Variants]) -> None:
        self._build = build
        self._compiled: dict[str, _Compiled] = {}
        self._row: Callable[[tuple[Any, ...]], Any] | None = None

    def change(self, connection: Connection, **values: Any) -> int:
        """Execute once; return how many rows were changed."""
        return int(self._execute(connection, values).rowcount)

    def many(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> int:
        """Execute for each row, in order; return how many were changed. No rows, no statement."""
        compiled = self._for(connection.dialect)
        cursor, changed = None, 0
        for part in parts(rows, _AT_ONCE):
            cursor = cursor or _cursor(connection, compiled)
            values = list(map(compiled.values, part))
            if compiled.by_columns:
                cursor.execute(compiled.sql, [list(column) for column in zip(*values, strict=True)])
            else:
                cursor.executemany(compiled.sql, values)
            changed += cursor.rowcount
        return changed

    def gather(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> list[Any]:
        """Execute for each row; return the first column of all that is returned."""
        compiled = self._for(connection.dialect)
        cursor, found = _cursor(connection, compiled), []
        for part in parts(rows, _AT_ONCE):
            values = list(map(compiled.values, part))
            if compiled.by_columns:
                values = [tuple(list(column) for column in zip(*values, strict=True))]
            for given in values:
                cursor.execute(compiled.sql, given)
                found += [row[0] for row in cursor.fetchall()]
        return found

    def rows(self, connection: Connection, **values: Any) -> list[Any]:
        """Execute once; return all rows as named tuples."""
        cursor = self._execute(connection, values)
        make = self._row
        if make is None:
            names = [column[0] for column in cursor.description]
            # Columns without a name of their own are reached by their place.
            namedtuple: Any = collections.namedtuple  # noqa: PYI024  the names are known at run time only
            make = self._row = namedtuple("Row", names, rename=True)._make
        return [make(row) for row in cursor.fetchall()]

    def tuples(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """Execute once; return all rows as the driver makes them: for thousands, of which names would cost a third."""
        found: list[tuple[Any, ...]] = self._execute(connection, values).fetchall()
        return found

    def row(self, connection: Connection, **values: Any) -> Any:
        """Execute once; return the first row as a named tuple, None if there is none."""
        found = self.rows(connection, **values)
        return found[0] if found else None

    def value(self, connection: Connection, **values: Any) -> Any:
        """Execute once; return the first column of the first row, None if there is none."""
        found = self._execute(connection, values).fetchone()
        return None if found is None else found[0]

    def _execute(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        compiled = self._for(connection.dialect)
        cursor, given = _cursor(connection, compiled), compiled.values(values)
        cursor.execute(compiled.sql, tuple([value] for value in given) if compiled.by_columns else given)
        return cursor

    def _for(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            built = self._build()
            by_columns = not isinstance(built, ClauseElement) and dialect.name == "postgresql"
            core = built if isinstance(built, ClauseElement) else built[dialect.name]()
            found = self._compiled[dialect.name] = _compile(core, dialect, by_columns=by_columns)
        return found


def _values(names: tuple[str, ...], constants: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if len(names) > 1 and not constants:
        return itemgetter(*names)

    def values(given: Mapping[str, Any]) -> tuple[Any, ...]:
        known = {**constants, **given}
        return tuple([known[name] for name in names])

    return values


def parts(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield rows, so many at a time."""
    each = iter(rows)
    while part := list(islice(each, size)):
        yield part


def _cursor(connection: Connection, compiled: _Compiled) -> Any:
    cursor: Any = connection.connection.cursor()
    if compiled.binary:
        cursor.format = 1
    return cursor


def _compile(core: ClauseElement, dialect: Dialect, *, by_columns: bool) -> _Compiled:
    compiled: Any = core.compile(dialect=dialect)
    names = tuple(compiled.positiontup or ())
    given = {name for name, bind in compiled.binds.items() if bind.required}
    constants = {name: value for name, value in compiled.params.items() if name in names and name not in given}
    binary = dialect.name == "postgresql"
    # psycopg: an array as text costs ten times what it costs as bytes, and integers as text need guessing.
    sql = _PLACEHOLDER.sub("%b", str(compiled)) if binary else str(compiled)
    return _Compiled(sql, names, constants, by_columns, binary, _values(names, constants))
