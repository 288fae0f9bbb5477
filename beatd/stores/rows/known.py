"""Which state the rows of a namespace are fired from: its id, beside them, so that no other state is taken for it."""

from sqlalchemy import bindparam, inspect, select, update

from beatd.rowports import Known
from beatd.sqlkit import schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import insert_new
from beatd.sqlkit.rows import rights_on
from beatd.sqlkit.statement import Statement
from beatd.stores.rows.checking import as_definitions

_TABLE = schema.installations.name
_i = schema.installations.c
_READ = Statement(lambda: select(_i.id).where(_i.namespace == bindparam("namespace")))
_INSERT = Statement(lambda: insert_new(schema.installations, ("namespace", "id")))
_REPLACE = Statement(
    lambda: (
        update(schema.installations)
        .where(_i.namespace == bindparam("of_namespace"), _i.id == bindparam("former"))
        .values(id=bindparam("id"))
    )
)


class KnownState:
    """The id of a namespace's state in a database of rows."""

    def __init__(self, db: Database, namespace: str) -> None:
        self.where = db.url
        self._db = db
        self._namespace = namespace

    def look(self) -> Known:
        """Return what is known here. Raises DefinitionError, BrokerUnavailableError where it cannot be read."""
        with as_definitions(self._db), self._db.read() as connection:
            # A schema from before it has no rows either: whoever wants to read some says so.
            if not inspect(connection).has_table(_TABLE):
                return Known(None, "run `beatd db upgrade`")
            given, grant = rights_on(connection, _TABLE, ("SELECT", "INSERT", "UPDATE"))
            found = _READ.value(connection, namespace=self._namespace) if "SELECT" in given else None
        return Known(found, grant)

    def keep(self, state_id: str, former: str | None) -> str | None:
        """Keep the id where ``former`` is the one that is known, or none is; return what is known then."""
        with as_definitions(self._db), self._db.write() as connection:
            _REPLACE.change(connection, of_namespace=self._namespace, former=former or "", id=state_id)
            _INSERT.change(connection, namespace=self._namespace, id=state_id)
            found: str | None = _READ.value(connection, namespace=self._namespace)
        return found
