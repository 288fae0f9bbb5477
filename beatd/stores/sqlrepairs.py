"""Mending a state that was lost, swapped or changed behind the engine's back, in a SQL database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, exists, func, select

from beatd.ports import Clock, Installation
from beatd.sqlkit import schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import insert_all, is_one_of
from beatd.sqlkit.messages import as_json
from beatd.sqlkit.statement import Statement
from beatd.stores import sqlinstall, sqlrevision
from beatd.stores.sqltenures import of_set

_d, _e = schema.definitions.c, schema.entries.c
_newest = schema.definitions.alias("newest")
_CONTENT = ("changed_at", "fingerprint", "source", "entry", "error")
_REMOVED = {"fingerprint": 0, "source": "file", "entry": None, "error": None}


def _lost() -> Select[Any]:
    # A row's version is held where its tenure is: whether its table still has it, a reader of that asks.
    held = exists().where(
        _d.namespace == _e.namespace, _d.name == _e.name, _d.number == _e.version, _d.fingerprint == _e.fingerprint
    )
    number = (
        select(func.max(_d.number))
        .where(_d.namespace == _e.namespace, _d.name == _e.name, of_set(_d))
        .scalar_subquery()
    )
    same = and_(_newest.c.namespace == _e.namespace, _newest.c.name == _e.name, _newest.c.number == number)
    return (
        select(_e.name, _e.version, _newest.c.number, *(_newest.c[column] for column in _CONTENT))
        .join_from(schema.entries, _newest, same, isouter=True)
        .where(_e.namespace == bindparam("namespace"), ~held)
        .order_by(_e.name)
    )


_LOST_OF = Statement(lambda: _lost().where(is_one_of(_e.name, "names")))
_LOST_IN = Statement(lambda: _lost().where(_e.name > bindparam("place"), _e.name <= bindparam("last")))
_PAGE = Statement(
    lambda: (
        select(_e.name)
        .where(_e.namespace == bindparam("namespace"), _e.name > bindparam("place"))
        .order_by(_e.name)
        .limit(bindparam("size"))
    )
)
_ADD = Statement(lambda: insert_all(schema.definitions, ("namespace", "name", "number", *_CONTENT)))


class SqlRepairs:
    """The port ``Repairs``."""

    def __init__(self, db: Database, namespace: str, clock: Clock) -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock
        # One at a time with whoever applies a set: both write the next revision.
        self._alone = ("set", namespace)

    def find(self) -> Installation | None:
        """Return the namespace's state, None where there is none."""
        with self._db.read() as connection:
            return sqlinstall.find(connection, self._namespace)

    def confirm(self, *, since: int, replaces: Sequence[str]) -> Installation:
        """Give the namespace's state a new id, in place of these, and let it owe fires from ``since`` on."""
        with self._db.write(alone=self._alone) as connection:
            now = self._clock.now()
            former = sqlinstall.install(connection, self._namespace, now)
            sqlinstall.replace(connection, former, self._namespace, since, replaces)
            return sqlinstall.install(connection, self._namespace, now)

    def lost(self, place: str, size: int) -> tuple[list[str], str]:
        """Return the names of a page of records whose version is not held, and the place from which to go on."""
        with self._db.read() as connection:
            page = _PAGE.rows(connection, namespace=self._namespace, place=place, size=size)
            if not page:
                return [], ""
            last = page[-1].name
            rows = _LOST_IN.rows(connection, namespace=self._namespace, place=place, last=last)
        return [row.name for row in rows], last if len(page) == size else ""

    def mend(self, names: Sequence[str]) -> list[str]:
        """Return those of these names whose record's version is not held, each with what follows it by now."""
        given = {"namespace": self._namespace, "names": as_json(names)}
        with self._db.read() as connection:
            lost = _LOST_OF.rows(connection, **given)
        if all(_has_successor(row) for row in lost):
            return [row.name for row in lost]
        with self._db.write(alone=self._alone) as connection:
            lost = _LOST_OF.rows(connection, **given)
            self._add(connection, [row for row in lost if not _has_successor(row)])
        return [row.name for row in lost]

    def _add(self, connection: Connection, lost: list[Any]) -> None:
        now = self._clock.now()
        state = sqlinstall.install(connection, self._namespace, now)
        revision = max(state.revision, *(row.version for row in lost)) + 1
        common = {"namespace": self._namespace, "number": revision, "changed_at": now}
        _ADD.many(connection, [{**_content(row), **common, "name": row.name} for row in lost])
        sqlrevision.make_current(connection, self._namespace, revision, f"mended {revision}", now)


def _has_successor(row: Any) -> bool:
    return row.number is not None and row.number > row.version


def _content(row: Any) -> dict[str, Any]:
    return _REMOVED if row.number is None else {column: getattr(row, column) for column in _CONTENT}
