"""What differs between databases: the one place that says it, for SQLite and PostgreSQL."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import (
    ClauseElement,
    Column,
    Delete,
    Insert,
    Select,
    Table,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean, TypeEngine

OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables; RETURNING is older."""

OLDEST_POSTGRESQL = 120000
"""The first that looks into a WITH, and the oldest that its makers kept up lately."""

Variants = Mapping[str, Callable[[], ClauseElement]]
"""A statement by the name of the dialect, where one form would not do."""


def constant(text: str) -> ColumnElement[str]:
    """Return a word as a literal in the statement: partial indexes are not used for a bound value."""
    return literal_column(f"'{text}'")


def insert_new(table: Table, columns: Iterable[str], *, returning: str | None = None) -> Variants:
    """Return an insert that leaves rows alone which are there already; parameters are named as the columns."""
    columns = tuple(columns)

    def told(statement: Insert) -> ClauseElement:
        return statement if returning is None else statement.returning(table.c[returning])

    return {
        "sqlite": lambda: told(sqlite.insert(table).values(_parameters(columns)).on_conflict_do_nothing()),
        "postgresql": lambda: told(_unnested(table, columns).on_conflict_do_nothing()),
    }


def insert_all(table: Table, columns: Iterable[str]) -> Variants:
    """Return a plain insert; parameters are named as the columns."""
    columns = tuple(columns)
    return {
        "sqlite": lambda: sqlite.insert(table).values(_parameters(columns)),
        "postgresql": lambda: _unnested(table, columns),
    }


def upsert(table: Table, columns: Iterable[str], *, keep: Iterable[str] = (), larger: Iterable[str] = ()) -> Variants:
    """Return an insert that overwrites the row of the same primary key, but for columns to ``keep``.

    Of the columns in ``larger`` the larger value wins.
    """
    columns, kept, largest = tuple(columns), frozenset(keep), tuple(larger)
    return {
        "sqlite": lambda: _over(sqlite.insert(table).values(_parameters(columns)), columns, kept, largest),
        "postgresql": lambda: _over(_unnested(table, columns), columns, kept, largest),
    }


def upsert_after(change: Delete, table: Table, columns: Iterable[str]) -> ClauseElement:
    """Return one statement, for a server, that deletes and, for each row that was there, upserts one of ``table``."""
    columns = tuple(columns)
    gone = change.returning(literal_column("1")).cte("gone")
    kinds = [_plain(table.c[name].type) for name in columns]
    values = [cast(bindparam(name, type_=kind), kind) for name, kind in zip(columns, kinds, strict=True)]
    return _over(postgresql.insert(table).from_select(columns, select(*values).select_from(gone)), columns)


def _over(
    statement: Any, columns: Iterable[str], keep: Iterable[str] = (), larger: Iterable[str] = ()
) -> ClauseElement:
    """Return an insert with what happens to a row of the same primary key."""
    new, table = statement.excluded, statement.table
    kept = {*keep, *(column.name for column in table.primary_key)}
    changes: dict[str, ColumnElement[Any]] = {name: new[name] for name in columns if name not in kept}
    for name in larger:
        changes[name] = case((new[name] > table.c[name], new[name]), else_=table.c[name])
    keys = [column.name for column in table.primary_key]
    changed: ClauseElement = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    return changed


def _parameters(columns: Iterable[str]) -> dict[str, object]:
    return {name: bindparam(name) for name in columns}


def _unnested(table: Table, columns: tuple[str, ...]) -> postgresql.Insert:
    """Return an insert of any number of rows by one array for each column: several times faster than row by row."""
    kinds = [postgresql.ARRAY(_plain(table.c[name].type)) for name in columns]
    arrays = [cast(bindparam(name, type_=kind), kind) for name, kind in zip(columns, kinds, strict=True)]
    rows = func.unnest(*arrays).table_valued(*columns).render_derived()
    return postgresql.insert(table).from_select(columns, select(*(rows.c[name] for name in columns)))


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return Text() if isinstance(kind, Text) else kind


def is_one_of(column: Column[Any], parameter: str, but: Select[Any] | None = None) -> ColumnElement[bool]:
    """Return whether a text column is among the values of a JSON array: one statement for any number of them.

    ``but``: values that do not count.
    """
    return _OneOf(column, parameter, but)


class _Condition(ColumnElement[bool]):
    inherit_cache = False
    type = Boolean()

    def self_group(self, against: object = None) -> ColumnElement[bool]:  # noqa: ARG002  SQLAlchemy's signature
        # Else SQLite's compiler writes ``… = 1``, which no index serves.
        return self


class _OneOf(_Condition):
    inherit_cache = False

    def __init__(self, column: Column[Any], parameter: str, but: Select[Any] | None) -> None:
        self.column = column
        self.parameter = parameter
        self.but = but

    def values(self, value: ColumnElement[Any]) -> Any:
        """Return the select of the values that count."""
        return select(value) if self.but is None else select(value).except_(self.but)


@compiles(_OneOf, "sqlite")
def _one_of_sqlite(element: _OneOf, compiler: Any, **options: Any) -> str:
    values = element.values(_Elements(element.parameter).table_valued("value").c.value)
    return str(compiler.process(element.column.in_(values), **options))


@compiles(_OneOf, "postgresql")
def _one_of_postgresql(element: _OneOf, compiler: Any, **options: Any) -> str:
    # An array, not a subquery to join with: PostgreSQL guesses a hundred values for that and, while a young table has
    # no statistics, may choose to walk all of it.
    values = func.jsonb_array_elements_text(_as_jsonb(element.parameter)).table_valued("value")
    array = func.array(element.values(values.c.value).scalar_subquery())
    return str(compiler.process(element.column == func.any(array), **options))


def in_order_of(column: Column[Any]) -> ColumnElement[str]:
    """Return a text column to order by where few rows are looked for by ``is_one_of``, to lock them.

    Not the bare column: to spare the sort, PostgreSQL would walk all of an index that has that order.
    """
    return column.op("||")(literal_column("''"))


def through(column: Column[Any]) -> ColumnElement[bool]:
    """Say what is always so, and lets PostgreSQL use the index whose condition it is.

    Without statistics it would also use such an index where a better one is, one that finds all entries of a moment
    where one entry is looked for; so its condition is said only where it is the right one.
    """
    return _Through(column)


class _Through(_Condition):
    inherit_cache = False

    def __init__(self, column: Column[Any]) -> None:
        self.column = column


@compiles(_Through, "sqlite")
def _through_sqlite(_element: _Through, _compiler: Any, **_options: Any) -> str:
    return "1"


@compiles(_Through, "postgresql")
def _through_postgresql(element: _Through, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.column > literal_column("0"), **options))


def there(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return whether there is such a row, looked up for each row of the outer query.

    OFFSET 0, because PostgreSQL would make a join of it and, while a young table has no statistics, walk all of it.
    """
    return select(literal_column("1")).where(*conditions).offset(literal_column("0")).exists()


def members(parameter: str, *kinds: TypeEngine[Any]) -> list[ColumnElement[Any]]:
    """Return the members, of these types, of each array in a JSON array of arrays.

    Look for their rows by ``there``: for a join, or a row value, SQLite without statistics may walk all of a
    name's rows for each.
    """
    value = _Elements(parameter).table_valued("value").c.value
    return [_Member(value, place, kind) for place, kind in enumerate(kinds)]


class _Elements(FunctionElement[Any]):
    inherit_cache = False
    name = "elements"

    def __init__(self, parameter: str) -> None:
        super().__init__()
        self.parameter = parameter


@compiles(_Elements, "sqlite")
def _elements_sqlite(element: _Elements, compiler: Any, **options: Any) -> str:
    return str(compiler.process(func.json_each(bindparam(element.parameter)), **options))


@compiles(_Elements, "postgresql")
def _elements_postgresql(element: _Elements, compiler: Any, **options: Any) -> str:
    return str(compiler.process(func.jsonb_array_elements(_as_jsonb(element.parameter)), **options))


class _Member(FunctionElement[Any]):
    inherit_cache = False
    name = "member"

    def __init__(self, value: ColumnElement[Any], place: int, kind: TypeEngine[Any]) -> None:
        super().__init__(value)
        self.value = value
        self.place = place
        self.type = kind


@compiles(_Member, "sqlite")
def _member_sqlite(element: _Member, compiler: Any, **options: Any) -> str:
    found = func.json_extract(element.value, literal_column(f"'$[{element.place}]'"))
    return str(compiler.process(found, **options))


@compiles(_Member, "postgresql")
def _member_postgresql(element: _Member, compiler: Any, **options: Any) -> str:
    found = element.value.op("->>")(literal_column(str(element.place)))
    return str(compiler.process(cast(found, element.type), **options))


def _as_jsonb(parameter: str) -> ColumnElement[Any]:
    return cast(bindparam(parameter, type_=Text()), postgresql.JSONB)


def chosen(rows: Select[Any], *, wait: bool = False) -> ColumnElement[bool]:
    """Return whether a row is among those whose primary key ``rows`` selects, to be changed by this statement.

    On a server they are locked in the order of ``rows``, and those that another transaction holds are passed over, or
    waited for with ``wait``: so claims do not queue up behind each other, and no two changes of many rows deadlock.
    """
    return _Chosen(rows, wait=wait)


class _Chosen(_Condition):
    inherit_cache = False

    def __init__(self, rows: Select[Any], *, wait: bool) -> None:
        self.rows = rows
        self.wait = wait


@compiles(_Chosen, "sqlite")
def _chosen_sqlite(element: _Chosen, compiler: Any, **options: Any) -> str:
    (key,) = element.rows.selected_columns
    return str(compiler.process(key.in_(element.rows), **options))


_ctid: ColumnElement[Any] = literal_column("ctid")


@compiles(_Chosen, "postgresql")
def _chosen_postgresql(element: _Chosen, compiler: Any, **options: Any) -> str:
    # By place in the file, as an array: under a generic plan, which takes LIMIT $1 for a tenth of the table, a join
    # with the subquery would walk the table.
    rows = element.rows.with_only_columns(_ctid).with_for_update(skip_locked=not element.wait)
    return str(compiler.process(_ctid == func.any(func.array(rows.scalar_subquery())), **options))


def best_of(parts: list[Select[Any]], limit: str) -> ColumnElement[bool]:
    """Return whether a row is among the first ``limit`` of several selects of (key, priority), best first; locked.

    Each select walks an index of its own: over several at once the database would sort all that there is.
    """
    return _BestOf(parts, limit)


class _BestOf(_Condition):
    inherit_cache = False

    def __init__(self, parts: list[Select[Any]], limit: str) -> None:
        self.parts = parts
        self.limit = limit


def _best(parts: list[Select[Any]], found: int, key: int, limit: str) -> Select[Any]:
    together = union_all(*(select(part.subquery()) for part in parts)).subquery()
    columns = list(together.c)
    return select(columns[found]).order_by(columns[1].desc(), columns[key]).limit(bindparam(limit))


@compiles(_BestOf, "sqlite")
def _best_of_sqlite(element: _BestOf, compiler: Any, **options: Any) -> str:
    key = element.parts[0].selected_columns[0]
    return str(compiler.process(key.in_(_best(element.parts, 0, 0, element.limit)), **options))


@compiles(_BestOf, "postgresql")
def _best_of_postgresql(element: _BestOf, compiler: Any, **options: Any) -> str:
    place = _ctid.label("place")
    parts = [part.add_columns(place).with_for_update(skip_locked=True) for part in element.parts]
    array = func.array(_best(parts, 2, 0, element.limit).scalar_subquery())
    return str(compiler.process(_ctid == func.any(array), **options))
