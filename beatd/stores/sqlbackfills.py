"""Errands that emit fires after all, in a SQL database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from beatd.core.backfill import Errand, Exchange, Stridden, Stride
from beatd.core.message import Message
from beatd.core.record import too_large_in
from beatd.ports import Clock
from beatd.sqlkit import fires, messages, schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import insert_new
from beatd.sqlkit.statement import Statement

_b, _f = schema.backfills.c, schema.fires.c
_FIELDS = ("id", "entry", "first", "until", "again", "cursor", "emitted")
_INSERT = Statement(lambda: insert_new(schema.backfills, ("namespace", *_FIELDS)))
_SAME = Statement(
    lambda: select(*(_b[name] for name in _FIELDS)).where(
        _b.namespace == bindparam("namespace"),
        _b.entry == bindparam("entry"),
        _b.first == bindparam("first"),
        _b.until == bindparam("until"),
        _b.again == bindparam("again"),
    )
)
_is_where_expected = (
    _b.namespace == bindparam("of_namespace"),
    _b.id == bindparam("of_id"),
    _b.cursor == bindparam("of_cursor"),
)
_MOVE = Statement(
    lambda: (
        update(schema.backfills)
        .where(*_is_where_expected)
        .values(cursor=bindparam("cursor"), emitted=_b.emitted + bindparam("more"))
    )
)
_END = Statement(lambda: delete(schema.backfills).where(*_is_where_expected))
_TAKE_RANGE = Statement(
    lambda: delete(schema.fires).where(
        _f.namespace == bindparam("of_namespace"),
        _f.entry == bindparam("of_entry"),
        _f.generation == bindparam("of_generation"),
        _f.version == bindparam("of_version"),
        _f.reason == bindparam("of_reason"),
        _f.first == bindparam("of_first"),
        _f.last == bindparam("of_last"),
    )
)


class SqlBackfills:
    """The port ``Backfills``; ``history``: "all", "exceptions" or "none"."""

    def __init__(self, db: Database, namespace: str, clock: Clock, history: str = "all") -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock
        self._history = history

    def begin(self, errand: Errand) -> Errand:
        """Return the unfinished errand of the same entry, span and manner, or store this one."""
        same = {"entry": errand.entry, "first": errand.first, "until": errand.until, "again": int(errand.again)}
        with self._db.write() as connection:
            told = {"id": errand.id, "cursor": errand.cursor, "emitted": errand.emitted}
            row = None
            while row is None:
                # On a server what was in the way may have come to its end between the two.
                _INSERT.change(connection, namespace=self._namespace, **same, **told)
                row = _SAME.row(connection, namespace=self._namespace, **same)
        return Errand(**{**row._asdict(), "again": bool(row.again)})

    def stride(self, stride: Stride) -> Stridden:
        """Carry out one step of an errand in one transaction."""
        sent = [emission.message for emission in stride.emissions]
        refused = too_large_in(stride.emissions)
        if refused:
            return Stridden(stored=True, refused=refused)
        with self._db.write() as connection:
            if not self._move(connection, stride):
                return Stridden(stored=False)
            if stride.exchange is not None and not self._exchange(connection, stride.exchange):
                return Stridden(stored=True)
            return Stridden(stored=True, emitted=self._send(connection, stride, sent))

    def _move(self, connection: Connection, stride: Stride) -> bool:
        errand = stride.errand
        expected = {"of_namespace": self._namespace, "of_id": errand.id, "of_cursor": errand.cursor}
        if stride.cursor is None:
            return _END.change(connection, **expected) > 0
        return _MOVE.change(connection, **expected, cursor=stride.cursor, more=len(stride.emissions)) > 0

    def _exchange(self, connection: Connection, exchange: Exchange) -> bool:
        former = exchange.former
        taken = _TAKE_RANGE.change(
            connection,
            of_namespace=self._namespace,
            of_entry=former.entry,
            of_generation=former.generation,
            of_version=former.version,
            of_reason=former.reason.value,
            of_first=former.first,
            of_last=former.last,
        )
        if taken == 0:
            return False
        now = self._clock.now()
        told = [*exchange.remaining, *([] if self._history == "all" else [exchange.backfilled])]
        fires.insert(connection, [fires.of_disposition(each, self._namespace, now) for each in told])
        return True

    def _send(self, connection: Connection, stride: Stride, sent: Sequence[Message]) -> int:
        known = messages.known_ids(connection, self._namespace, sent)
        new, now = [message for message in sent if message.id not in known], self._clock.now()
        messages.insert(connection, self._namespace, new, now)
        if self._history == "all":
            # A row for each, so that what becomes of it is told; also of one that was there already.
            told = new if stride.exchange is None else sent
            fires.insert(connection, [_row(message, self._namespace, now, stride.exchange) for message in told])
        return len(new)


def _row(message: Message, namespace: str, now: int, exchange: Exchange | None) -> dict[str, Any]:
    if exchange is None:
        return fires.of_message(message, namespace, now, reason=fires.TRIGGERED)
    former = exchange.former
    generation, version = former.generation, former.version
    return fires.of_message(message, namespace, now, reason=fires.BACKFILLED, generation=generation, version=version)
