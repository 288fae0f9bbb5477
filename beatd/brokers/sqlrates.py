"""Tokens of limited tasks in a SQL database: who gets one, and the turns of those that get none."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, literal_column, select, update

from beatd.core.limits.rate import Line, Rate, turn
from beatd.sqlkit import limits, schema
from beatd.sqlkit.dialect import constant, in_order_of, insert_new, is_one_of
from beatd.sqlkit.messages import CLAIMED, DELAYED, READY, as_json
from beatd.sqlkit.statement import Statement

WAITS = "its task's rate limit"
"""The reason of a message that has waited for a token, or had one: it goes before those that come anew."""

AHEAD = 200
"""So many of what is next in a queue are put off together: one by one they would be in the way for long."""

_m, _r = schema.messages.c, limits.rates.c
_ADD = Statement(lambda: insert_new(limits.rates, ("namespace", "task")))
# In order of the tasks, so that no two claims wait for each other; and messages are never waited for.
_LOCK = Statement(
    lambda: (
        select(_r.task, _r.next_at, _r.late_at, _r.tail_at)
        .where(_r.namespace == bindparam("namespace"), is_one_of(_r.task, "tasks"))
        .order_by(in_order_of(_r.task))
        .with_for_update()
    )
)
_KEEP = Statement(
    lambda: (
        update(limits.rates)
        .where(_r.namespace == bindparam("of_namespace"), _r.task == bindparam("of_task"))
        .values(next_at=bindparam("next_at"), late_at=bindparam("late_at"), tail_at=bindparam("tail_at"))
    )
)
_PUT_OFF = Statement(
    lambda: (
        update(schema.messages)
        .where(_m.seq == bindparam("of_seq"), _m.state.in_([constant(CLAIMED), constant(READY)]))
        .values(
            state=constant(DELAYED),
            due=bindparam("due"),
            attempt=bindparam("attempt"),
            reason=bindparam("reason"),
            owner=None,
            lease_until=None,
        )
    )
)
_HAD_ONE = Statement(
    lambda: update(schema.messages).where(_m.seq == bindparam("of_seq")).values(reason=bindparam("reason"))
)


def _next_in_queue() -> Select[Any]:
    first = schema.messages.alias("first")
    of_queue = (
        first.c.namespace == bindparam("of_namespace"),
        first.c.state == constant(READY),
        first.c.queue == bindparam("of_queue"),
    )
    # A literal limit: under a generic plan another one counts as a tenth of the table.
    nearest = (
        select(first.c.seq)
        .where(*of_queue)
        .order_by(first.c.priority.desc(), first.c.seq)
        .limit(literal_column(str(AHEAD)))
    )
    return (
        select(_m.seq, _m.task, _m.attempt, _m.reason)
        .where(_m.seq.in_(nearest), _m.state == constant(READY), is_one_of(_m.task, "tasks"))
        .order_by(_m.priority.desc(), _m.seq)
        .with_for_update(skip_locked=True)
    )


_NEXT = Statement(_next_in_queue)


class Tokens:
    """Those of one transaction: the lines of its tasks are locked once."""

    def __init__(self, connection: Connection, namespace: str, now: int, rates: Mapping[str, Rate]) -> None:
        self._connection = connection
        self._namespace = namespace
        self._now = now
        self._rates = rates
        self._lines: dict[str, Line] = {}
        self._put_off: list[dict[str, Any]] = []

    def given(self, rows: Sequence[Any]) -> list[Any]:
        """Return those of the claimed rows, all of limited tasks, that got a token; put off the rest until their turn.

        What is next in their queues of the same tasks is put off with them.
        """
        self._lines = self._locked({row.task for row in rows})
        given, refused = list[Any](), list[Any]()
        for row in rows:
            (given if self._takes(row) else refused).append(row)
        for queue in sorted({row.queue for row in refused}):
            self._put_off_next(queue, {row.task for row in refused if row.queue == queue})
        _PUT_OFF.many(self._connection, self._put_off)
        _HAD_ONE.many(self._connection, [{"of_seq": row.seq, "reason": WAITS} for row in given if row.reason != WAITS])
        of_namespace = self._namespace
        lines = [
            {"of_namespace": of_namespace, "of_task": task, **line._asdict()} for task, line in self._lines.items()
        ]
        _KEEP.many(self._connection, lines)
        return given

    def _locked(self, tasks: Iterable[str]) -> dict[str, Line]:
        names = sorted(tasks)
        _ADD.many(self._connection, [{"namespace": self._namespace, "task": task} for task in names])
        rows = _LOCK.rows(self._connection, namespace=self._namespace, tasks=as_json(names))
        return {row.task: Line(row.next_at, row.late_at, row.tail_at) for row in rows}

    def _takes(self, row: Any) -> bool:
        """Return whether a claimed message gets a token; else it is to wait, and its attempt did not count."""
        self._lines[row.task], due = self._turn(row)
        if due is not None:
            self._put_off.append({"of_seq": row.seq, "due": due, "attempt": row.attempt - 1, "reason": WAITS})
        return due is None

    def _put_off_next(self, queue: str, tasks: Iterable[str]) -> None:
        asked = {"of_namespace": self._namespace, "of_queue": queue, "tasks": as_json(sorted(tasks))}
        for row in _NEXT.rows(self._connection, **asked):
            line, due = self._turn(row)
            if due is not None:
                self._lines[row.task] = line
                self._put_off.append({"of_seq": row.seq, "due": due, "attempt": row.attempt, "reason": WAITS})

    def _turn(self, row: Any) -> tuple[Line, int | None]:
        return turn(self._lines[row.task], self._rates[row.task], self._now, waited=row.reason == WAITS)
