"""Leases in a SQL database: shared evenly on a server; on one machine whoever is first holds every part."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, select, update

from beatd.core.entry import DAY
from beatd.core.identity import PARTS
from beatd.ports import Clock, Holding, SchedulerInfo
from beatd.sqlkit import schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import insert_new, upsert
from beatd.sqlkit.messages import as_json
from beatd.sqlkit.statement import Statement
from beatd.stores import sqlinstall
from beatd.stores.holder import here
from beatd.stores.sqlshares import take_share

LATELY = DAY
"""How long a scheduler is listed after it was last seen."""

_l, _s = schema.leases.c, schema.schedulers.c
_SEEN_COLUMNS = [column.name for column in schema.schedulers.columns if column.name != "digest"]
_SEEN = Statement(lambda: upsert(schema.schedulers, _SEEN_COLUMNS, keep=("started_at", "revision")))
_PARTS = Statement(lambda: insert_new(schema.leases, ("namespace", "part")))
_COUNT = Statement(lambda: select(func.count()).where(_l.namespace == bindparam("namespace")))
# Sharing the parts would bring nothing where there is one machine and one writer at a time.
_TAKE = Statement(
    lambda: (
        update(schema.leases)
        .where(
            _l.namespace == bindparam("of_namespace"),
            (_l.holder == bindparam("holder")) | (_l.expires_at <= bindparam("now")),
        )
        .values(holder=bindparam("holder"), expires_at=bindparam("until"))
        .returning(_l.part)
    )
)
_GIVE_BACK = Statement(
    lambda: (
        update(schema.leases)
        .where(_l.namespace == bindparam("of_namespace"), _l.holder == bindparam("of_holder"))
        .values(holder=None, expires_at=0)
    )
)
_STOPPED = Statement(
    lambda: (
        update(schema.schedulers)
        .where(_s.namespace == bindparam("of_namespace"), _s.holder == bindparam("of_holder"))
        .values(stopped=1, expires_at=bindparam("now"), seen_at=bindparam("now"))
    )
)
_LIVE = Statement(
    lambda: select(func.count()).where(_s.namespace == bindparam("namespace"), _s.expires_at > bindparam("now"))
)


def _held() -> Any:
    return (
        select(func.count())
        .where(_l.namespace == _s.namespace, _l.holder == _s.holder, _l.expires_at > bindparam("now"))
        .scalar_subquery()
    )


_HOLDERS = Statement(
    lambda: (
        select(schema.schedulers, _held().label("parts"))
        .where(_s.namespace == bindparam("namespace"), _s.seen_at > bindparam("after"))
        .order_by(_s.started_at, _s.holder)
    )
)


class SqlLeases:
    """The port ``Leases``; ``status`` may give host, pid, started_at and revision, else this process's own."""

    def __init__(self, db: Database, namespace: str, clock: Clock) -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock

    def renew(self, holder: str, *, ttl: int, status: Mapping[str, object]) -> Holding:
        """Renew what ``holder`` has and take what is free, or on a server its share; ``ttl`` in microseconds."""
        # Alone: two that read who holds what before either writes would both take the same.
        with self._db.write(alone=("leases", self._namespace)) as connection:
            now = self._clock.now()
            installation = sqlinstall.install(connection, self._namespace, now)
            until = now + ttl
            self._note(connection, holder, now, until, status)
            parts = self._take(connection, holder, now, ttl)
            holders = _LIVE.value(connection, namespace=self._namespace, now=now)
        return Holding(now=now, until=until, parts=parts, holders=holders, installation=installation)

    def release(self, holder: str) -> None:
        """Give everything back: a graceful stop."""
        with self._db.write(alone=("leases", self._namespace)) as connection:
            _GIVE_BACK.change(connection, of_namespace=self._namespace, of_holder=holder)
            _STOPPED.change(connection, of_namespace=self._namespace, of_holder=holder, now=self._clock.now())

    def holders(self) -> list[SchedulerInfo]:
        """Return the schedulers seen within a day, live or not, the longest running first."""
        now = self._clock.now()
        with self._db.read() as connection:
            rows = _HOLDERS.rows(connection, namespace=self._namespace, now=now, after=now - LATELY)
        return [_info(row) for row in rows]

    def _note(self, connection: Connection, holder: str, now: int, until: int, status: Mapping[str, object]) -> None:
        told = {**here(), "started_at": now, "revision": 0, **status}
        row = {name: told[name] for name in ("host", "pid", "started_at", "revision")}
        moments = {"seen_at": now, "expires_at": until, "stopped": 0}
        _SEEN.change(
            connection, namespace=self._namespace, holder=holder, **row, **moments, status=as_json(dict(status))
        )

    def _take(self, connection: Connection, holder: str, now: int, ttl: int) -> frozenset[int]:
        if _COUNT.value(connection, namespace=self._namespace) != PARTS:
            _PARTS.many(connection, [{"namespace": self._namespace, "part": part} for part in range(PARTS)])
        if self._db.is_server:
            return take_share(connection, self._namespace, holder, now, ttl)
        rows = _TAKE.rows(connection, of_namespace=self._namespace, holder=holder, now=now, until=now + ttl)
        return frozenset(row[0] for row in rows)


def _info(row: Any) -> SchedulerInfo:
    return SchedulerInfo(
        holder=row.holder,
        host=row.host,
        pid=row.pid,
        started_at=row.started_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        parts=row.parts,
        revision=row.revision,
        status=msgspec.json.decode(row.status),
    )
