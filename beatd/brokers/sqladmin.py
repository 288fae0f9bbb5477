"""Queues and workers in a SQL database, as people ask about them."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, delete, func, literal_column, select

from beatd.brokerports import WorkerInfo
from beatd.ports import Clock
from beatd.sqlkit import schema
from beatd.sqlkit.database import Database
from beatd.sqlkit.dialect import constant, is_one_of, upsert
from beatd.sqlkit.messages import CLAIMED, DEAD, DELAYED, READY, as_json
from beatd.sqlkit.statement import Statement

_STATES = (READY, DELAYED, CLAIMED, DEAD)

_m, _w = schema.messages.c, schema.workers.c


def _count(state: str) -> Statement:
    # One state at a time, because each has an index of its own.
    return Statement(
        lambda: (
            select(_m.queue, func.count())
            .where(_m.namespace == bindparam("namespace"), _m.state == constant(state))
            .group_by(_m.queue)
        )
    )


_COUNTS = {state: _count(state) for state in _STATES}


def _ready() -> Select[Any]:
    of_queues = (_m.namespace == bindparam("namespace"), _m.state == constant(READY), is_one_of(_m.queue, "queues"))
    found: Select[Any] = (
        select(literal_column("1")).select_from(schema.messages).where(*of_queues).limit(bindparam("most"))
    )
    return select(func.count()).select_from(found.subquery())


_READY = Statement(_ready)
_REPORT = Statement(lambda: upsert(schema.workers, [column.name for column in schema.workers.columns]))
_FORGET = Statement(
    lambda: delete(schema.workers).where(
        _w.namespace == bindparam("namespace"),
        (_w.worker == bindparam("of_worker")) | (_w.expires_at <= bindparam("now")),
    )
)
_LIVE = Statement(
    lambda: (
        select(schema.workers)
        .where(_w.namespace == bindparam("namespace"), _w.expires_at > bindparam("now"))
        .order_by(_w.worker)
    )
)


class SqlQueueAdmin:
    """The port ``QueueAdmin``."""

    def __init__(self, db: Database, namespace: str, clock: Clock) -> None:
        self._db = db
        self._namespace = namespace
        self._clock = clock

    def sizes(self) -> dict[str, dict[str, int]]:
        """Return per queue how many messages are ready, delayed, claimed and dead."""
        found: dict[str, dict[str, int]] = {}
        with self._db.read() as connection:
            for state, statement in _COUNTS.items():
                for queue, count in statement.rows(connection, namespace=self._namespace):
                    found.setdefault(queue, dict.fromkeys(_STATES, 0))[state] = count
        return dict(sorted(found.items()))

    def ready(self, queues: Sequence[str], most: int) -> int:
        """Return how many messages of these queues are ready, ``most`` at most; looks at no more of them than that."""
        with self._db.read(once=True) as connection:
            found = _READY.value(connection, namespace=self._namespace, queues=as_json(queues), most=most)
        return int(found)

    def report(self, worker: WorkerInfo, *, ttl: int) -> None:
        """Say that a worker is alive; forgotten after ``ttl`` microseconds."""
        row = {
            "namespace": self._namespace,
            "worker": worker.worker,
            "host": worker.host,
            "pid": worker.pid,
            "started_at": worker.started_at,
            "seen_at": worker.seen_at,
            "expires_at": self._clock.now() + ttl,
            "queues": as_json(worker.queues),
            "children": as_json([dict(child) for child in worker.children]),
        }
        with self._db.write() as connection:
            _REPORT.change(connection, **row)

    def retire(self, worker: str) -> None:
        """Forget a worker that stopped, and those whose time has passed."""
        with self._db.write() as connection:
            _FORGET.change(connection, namespace=self._namespace, of_worker=worker, now=self._clock.now())

    def workers(self) -> list[WorkerInfo]:
        """Return the live workers."""
        with self._db.read(once=True) as connection:
            return [_info(row) for row in _LIVE.rows(connection, namespace=self._namespace, now=self._clock.now())]


def _info(row: Any) -> WorkerInfo:
    return WorkerInfo(
        worker=row.worker,
        host=row.host,
        pid=row.pid,
        started_at=row.started_at,
        seen_at=row.seen_at,
        queues=tuple(msgspec.json.decode(row.queues)),
        children=tuple(msgspec.json.decode(row.children)),
    )
