"""Pauses of queues in a SQL database."""

from sqlalchemy import bindparam, delete, select

from beatd.core.record import Pause
from beatd.errors import StoreError
from beatd.sqlkit import limits
from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import upsert
from beatd.sqlkit.since import Since
from beatd.sqlkit.statement import Statement

_p = limits.pauses.c
_PAUSE = Statement(lambda: upsert(limits.pauses, [column.name for column in limits.pauses.columns]))
_RESUME = Statement(
    lambda: delete(limits.pauses).where(_p.namespace == bindparam("of_namespace"), _p.queue == bindparam("of_queue"))
)
_PAUSED = Statement(
    lambda: (
        select(_p.queue, _p.paused_by, _p.paused_at, _p.note)
        .where(_p.namespace == bindparam("namespace"))
        .order_by(_p.queue)
    )
)


class SqlPauses:
    """The port ``Pauses``; a claim looks at them in its own statement."""

    def __init__(self, db: Database, namespace: str) -> None:
        self._db = db
        self._namespace = namespace
        self._since = Since(db, "0006")

    def pause(self, queue: str, pause: Pause) -> None:
        """Let nobody claim from a queue until it is resumed. Raises StoreError where the schema is an older one."""
        row = {"queue": queue, "paused_by": pause.by, "paused_at": pause.at, "note": pause.note}
        with self._db.write() as connection:
            if not self._since.is_reached(connection):
                found = self._since.found(connection)
                reason = f"{self._db.place} has the older schema {found}, which knows no pauses of queues"
                raise StoreError(f"{reason}; run `beatd db upgrade`")
            _PAUSE.change(connection, namespace=self._namespace, **row)

    def resume(self, queue: str) -> bool:
        """End a pause, and wake who waits; False where there was none."""
        with self._db.write() as connection:
            if not self._since.is_reached(connection):
                return False
            was_paused = _RESUME.change(connection, of_namespace=self._namespace, of_queue=queue) == 1
            if was_paused:
                self._db.announce(connection, self._namespace)
            return was_paused

    def paused(self) -> dict[str, Pause]:
        """Return the queues that are paused."""
        with self._db.read() as connection:
            if not self._since.is_reached(connection):
                return {}
            rows = _PAUSED.rows(connection, namespace=self._namespace)
        return {row.queue: Pause(row.paused_by, row.paused_at, row.note) for row in rows}
