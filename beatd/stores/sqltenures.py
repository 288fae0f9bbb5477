"""Since when versions rule, noted in a SQL database: in the set's own rows, and in rows beside them for a table's."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, update

from beatd.core.entry import ROW
from beatd.core.record import Item
from beatd.sqlkit import schema
from beatd.sqlkit.dialect import constant, upsert
from beatd.sqlkit.statement import Statement

_d = schema.definitions.c
_OF_SET = Statement(
    lambda: (
        update(schema.definitions)
        .where(
            _d.namespace == bindparam("of_namespace"),
            _d.name == bindparam("of_name"),
            _d.number == bindparam("of_number"),
        )
        .values(generation=bindparam("generation"), since=bindparam("since"))
    )
)
# A version of the set that has the same number keeps its text.
_CONTENT = ("changed_at", "fingerprint", "source", "entry", "error")
_COLUMNS = [column.name for column in schema.definitions.columns]
_OF_ROW = Statement(lambda: upsert(schema.definitions, _COLUMNS, keep=_CONTENT))


def of_set(definitions: Any) -> ColumnElement[bool]:
    """Return whether one of these definitions is a version of the set, and not the tenure of a row's."""
    differs: ColumnElement[bool] = definitions.source != constant(ROW)
    return differs


def note(connection: Connection, namespace: str, items: Iterable[Item]) -> None:
    """Note since when the versions rule that these items take in; each of them has its ``begins``."""
    of_sets: list[dict[str, Any]] = []
    of_rows: dict[tuple[str, int], dict[str, Any]] = {}
    for item in items:
        record = item.record
        told = {"generation": record.generation, "since": item.begins}
        if item.of_row:
            of_rows[item.name, record.version] = {
                **told,
                "namespace": namespace,
                "name": item.name,
                "number": record.version,
                # So that what came before it goes once its own time is older than the history.
                "changed_at": item.begins,
                "fingerprint": record.fingerprint,
                "source": ROW,
                "entry": None,
                "error": None,
            }
        else:
            of = {"of_namespace": namespace, "of_name": item.name, "of_number": record.version}
            of_sets.append({**of, **told})
    _OF_SET.many(connection, of_sets)
    _OF_ROW.many(connection, of_rows.values())
