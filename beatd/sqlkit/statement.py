"""A statement of SQLAlchemy Core, compiled once per dialect and then handed straight to the driver."""

import collections
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ClauseElement, Connection, Dialect


class _Compiled(NamedTuple):
    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]


class Statement:
    """Core's text at the driver's speed: Core's own execution takes several times as long as SQLite's.

    ``build`` is called at first use. Every parameter is a ``bindparam``; values and rows pass as they are, so only
    integers, text, bytes and None. Runs inside the transaction of ``connection``.
    """

    def __init__(self, build: Callable[[], ClauseElement]) -> None:
        self._build = build
        self._compiled: dict[str, _Compiled] = {}
        self._row: Callable[[tuple[Any, ...]], Any] | None = None

    def change(self, connection: Connection, **values: Any) -> int:
        """Execute once; return how many rows were changed."""
        return int(self._execute(connection, values).rowcount)

    def many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute once per row, in order; no rows, no statement."""
        if not rows:
            return
        compiled = self._for(connection.dialect)
        names, constants = compiled.names, compiled.constants
        if constants:
            rows = [{**constants, **row} for row in rows]
        cursor = connection.connection.cursor()
        cursor.executemany(compiled.sql, [tuple([row[name] for name in names]) for row in rows])

    def rows(self, connection: Connection, **values: Any) -> list[Any]:
        """Execute once; return all rows as named tuples."""
        cursor = self._execute(connection, values)
        make = self._row
        if make is None:
            names = [column[0] for column in cursor.description]
            # Columns without a name of their own are reached by their place.
            namedtuple: Any = collections.namedtuple  # the names are known at run time only  # noqa: PYI024
            make = self._row = namedtuple("Row", names, rename=True)._make
        return [make(row) for row in cursor.fetchall()]

    def row(self, connection: Connection, **values: Any) -> Any:
        """Execute once; return the first row as a named tuple, None if there is none."""
        found = self.rows(connection, **values)
        return found[0] if found else None

    def value(self, connection: Connection, **values: Any) -> Any:
        """Execute once; return the first column of the first row, None if there is none."""
        found = self._execute(connection, values).fetchone()
        return None if found is None else found[0]

    def _execute(self, connection: Connection, values: dict[str, Any]) -> Any:
        compiled = self._for(connection.dialect)
        if compiled.constants:
            values = {**compiled.constants, **values}
        cursor = connection.connection.cursor()
        cursor.execute(compiled.sql, tuple([values[name] for name in compiled.names]))
        return cursor

    def _for(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self._build(), dialect)
        return found


def _compile(core: ClauseElement, dialect: Dialect) -> _Compiled:
    compiled: Any = core.compile(dialect=dialect)
    names = tuple(compiled.positiontup or ())
    given = {name for name, bind in compiled.binds.items() if bind.required}
    constants = {name: value for name, value in compiled.params.items() if name in names and name not in given}
    return _Compiled(str(compiled), names, constants)
