"""Deleting what nobody needs any more: history, versions long replaced, tombstones, schedulers long gone."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from beatd.core.entry import DAY
from beatd.sqlkit import schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import through
from beatd.sqlkit.statement import Statement

LOOKED_AT = 20_000
"""How many versions are looked at in one round."""

_END = "\U0010ffff" * 4
_n = schema.namespaces.c
_f, _d, _e, _s = schema.fires.c, schema.definitions.c, schema.entries.c, schema.schedulers.c
_later = schema.definitions.alias("later")


def _fires(*conditions: ColumnElement[bool]) -> Select[Any]:
    # An open range is never deleted: it alone says since when.
    mine = _f.namespace == bindparam("namespace")
    found = select(_f.id, _f.last, _f.namespace.label("of_namespace"))
    kept = found.where(mine, through(_f.id), _f.last.is_not(None), *conditions)
    return kept.order_by(_f.first).limit(bindparam("limit"))


_OLD_FIRES = Statement(lambda: _fires(_f.first < bindparam("before"), _f.last < bindparam("before")))
_OLDEST_FIRES = Statement(_fires)
# From here on the history is whole: what is asked of it further back is not known.
_WHOLE_FROM = Statement(
    lambda: (
        update(schema.namespaces)
        .where(
            _n.namespace == bindparam("of_namespace"),
            or_(_n.history_from.is_(None), _n.history_from <= bindparam("last")),
        )
        .values(history_from=bindparam("last") + literal_column("1"))
    )
)
_DELETE_FIRE = Statement(lambda: delete(schema.fires).where(_f.id == bindparam("id")))


def _span() -> Select[Any]:
    # Each end by itself: asked for both at once, SQLite would walk the table.
    newest, oldest = select(func.max(_f.id)).scalar_subquery(), select(func.min(_f.id)).scalar_subquery()
    return select(func.coalesce(newest - oldest + 1, 0))


_SPAN = Statement(_span)
_COUNT = Statement(lambda: select(func.count()).where(_f.namespace == bindparam("namespace")))


def _has_later(*conditions: ColumnElement[bool], of: Any) -> ColumnElement[bool]:
    return exists().where(_later.c.namespace == of.namespace, _later.c.name == of.name, *conditions)


def _between(name: Column[Any]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return name > bindparam("after"), name <= bindparam("last")


_LAST_LOOKED_AT = Statement(
    lambda: (
        select(_d.name)
        .where(_d.namespace == bindparam("namespace"), _d.name > bindparam("after"))
        .order_by(_d.name)
        .limit(literal_column("1"))
        .offset(bindparam("most"))
    )
)


def _old_versions() -> Select[Any]:
    # A version owned fire times until the next one began, so it goes when that beginning is old.
    replaced = _has_later(
        _later.c.number > _d.number,
        _later.c.number <= _e.version,
        _later.c.changed_at < bindparam("before"),
        of=_d,
    )
    return (
        select(_d.namespace, _d.name, _d.number)
        .join(schema.entries, and_(_e.namespace == _d.namespace, _e.name == _d.name))
        .where(_d.namespace == bindparam("namespace"), *_between(_d.name), _d.number < _e.version, replaced)
        .limit(bindparam("limit"))
    )


def _tombstones() -> Select[Any]:
    needed = _has_later((_later.c.number > _e.version) | (_later.c.changed_at >= bindparam("before")), of=_e)
    return (
        select(_e.namespace, _e.name, _e.seq, _e.version)
        .where(
            _e.namespace == bindparam("namespace"),
            *_between(_e.name),
            _e.removed == 1,
            _e.cursor < bindparam("before"),
            ~needed,
        )
        .order_by(_e.name)
        .limit(bindparam("limit"))
    )


_OLD_VERSIONS = Statement(_old_versions)
_DELETE_VERSION = Statement(
    lambda: delete(schema.definitions).where(
        _d.namespace == bindparam("namespace"), _d.name == bindparam("name"), _d.number == bindparam("number")
    )
)
_TOMBSTONES = Statement(_tombstones)
_DELETE_TOMBSTONE = Statement(
    lambda: delete(schema.entries).where(
        _e.namespace == bindparam("namespace"),
        _e.name == bindparam("name"),
        _e.seq == bindparam("seq"),
        ~_has_later(_later.c.number > _e.version, of=_e),
    )
)
# With its definitions, or the removal would be taken in again as something new.
_DELETE_DEFINITIONS = Statement(
    lambda: delete(schema.definitions).where(
        _d.namespace == bindparam("namespace"),
        _d.name == bindparam("name"),
        _d.number <= bindparam("version"),
        ~exists().where(_e.namespace == _d.namespace, _e.name == _d.name),
    )
)
_GONE = Statement(
    lambda: (
        select(_s.namespace, _s.holder)
        .where(_s.namespace == bindparam("namespace"), _s.seen_at < bindparam("before"))
        .limit(bindparam("limit"))
    )
)
_DELETE_SCHEDULER = Statement(
    lambda: delete(schema.schedulers).where(_s.namespace == bindparam("namespace"), _s.holder == bindparam("holder"))
)


_Rows = list[dict[str, Any]]
_Delete = Callable[[Connection, _Rows], object]


def _tell_from_where_it_is_whole(connection: Connection, rows: _Rows) -> None:
    # Once for all of them: for each it would be as many versions of one row.
    _WHOLE_FROM.change(connection, of_namespace=rows[0]["of_namespace"], last=max(row["last"] for row in rows))


class Prune:
    """Bounded rounds of deleting; what to delete is looked for without the writer's lock."""

    def __init__(self, db: Database, namespace: str) -> None:
        self._db = db
        self._namespace = namespace
        self._after = ""
        """The name up to which versions and tombstones were looked at: of a million not all at once."""

    def run(self, now: int, *, before: int, most: int, limit: int) -> int:
        """Delete at most ``limit`` rows; return how many."""
        forget = (_DELETE_FIRE.many, _tell_from_where_it_is_whole)
        done = self._delete(_OLD_FIRES, forget, limit, before=before)
        done += self._delete(_OLDEST_FIRES, forget, min(self._above(most), limit - done))
        done += self._forget_versions(before, now - DAY, limit - done)
        done += self._delete(_GONE, (_DELETE_SCHEDULER.many,), limit - done, before=now - DAY)
        return done

    def _forget_versions(self, before: int, yesterday: int, limit: int) -> int:
        with self._db.read() as connection:
            found = _LAST_LOOKED_AT.value(connection, namespace=self._namespace, after=self._after, most=LOOKED_AT)
        between: dict[str, Any] = {"after": self._after, "last": _END if found is None else found}
        done = self._delete(_OLD_VERSIONS, (_DELETE_VERSION.many,), limit, before=before, **between)
        forget = (_DELETE_TOMBSTONE.many, _DELETE_DEFINITIONS.many)
        done += self._delete(_TOMBSTONES, forget, limit - done, before=min(before, yesterday), **between)
        if done < limit:
            self._after = found or ""
        return done

    def _above(self, most: int) -> int:
        with self._db.read() as connection:
            # The span of ids is an upper bound that costs nothing; only beyond it is counting worth its price.
            if _SPAN.value(connection) <= most:
                return 0
            return max(0, int(_COUNT.value(connection, namespace=self._namespace)) - most)

    def _delete(self, find: Statement, deletes: tuple[_Delete, ...], limit: int, **given: Any) -> int:
        if limit < 1:
            return 0
        with self._db.read() as connection:
            found = find.rows(connection, namespace=self._namespace, limit=limit, **given)
        rows = [row._asdict() for row in found]
        if rows:
            # One prunes at a time: two could wait for each other's rows. A set applied beside it does no harm: a name
            # that comes back while its tombstone goes begins anew, a day after its former fires.
            with self._db.write(alone=("prune", self._namespace)) as connection:
                for delete_rows in deletes:
                    delete_rows(connection, rows)
        return len(rows)
