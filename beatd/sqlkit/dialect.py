"""What differs between databases: the one place that says it, for SQLite now."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, Insert, Select, Table, bindparam, case, func, literal_column, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.elements import ColumnElement

OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables; RETURNING is older."""


def constant(text: str) -> ColumnElement[str]:
    """Return a word as a literal in the statement: partial indexes are not used for a bound value."""
    return literal_column(f"'{text}'")


def insert_new(table: Table, columns: Iterable[str]) -> Insert:
    """Return an insert that leaves rows alone which are there already; parameters are named as the columns."""
    return sqlite.insert(table).values(_parameters(columns)).on_conflict_do_nothing()


def insert_all(table: Table, columns: Iterable[str]) -> Insert:
    """Return a plain insert; parameters are named as the columns."""
    return sqlite.insert(table).values(_parameters(columns))


def upsert(table: Table, columns: Iterable[str], *, keep: Iterable[str] = (), larger: Iterable[str] = ()) -> Insert:
    """Return an insert that overwrites the row of the same primary key, but for columns to ``keep``.

    Of the columns in ``larger`` the larger value wins.
    """
    columns = tuple(columns)
    statement = sqlite.insert(table).values(_parameters(columns))
    new, keys = statement.excluded, [column.name for column in table.primary_key]
    changes: dict[str, ColumnElement[Any]] = {
        name: new[name] for name in columns if name not in keys and name not in keep
    }
    for name in larger:
        changes[name] = case((new[name] > table.c[name], new[name]), else_=table.c[name])
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)


def listed(parameter: str) -> Select[tuple[object]]:
    """Return the values of a parameter that holds a JSON array, for ``column.in_()``: one statement for any number."""
    return select(func.json_each(bindparam(parameter)).table_valued("value").c.value)


def members(parameter: str, count: int) -> list[ColumnElement[Any]]:
    """Return the members of each array in a JSON array of arrays.

    Look for their rows by a correlated EXISTS: for a join, or a row value, SQLite without statistics may walk all of a
    name's rows for each.
    """
    value = func.json_each(bindparam(parameter)).table_valued("value").c.value
    return [func.json_extract(value, literal_column(f"'$[{place}]'")) for place in range(count)]


def is_one_of(column: Column[Any], parameter: str) -> ColumnElement[bool]:
    """Return whether a column is among the values of a JSON array."""
    return column.in_(listed(parameter))


def _parameters(columns: Iterable[str]) -> dict[str, object]:
    return {name: bindparam(name) for name in columns}
