"""Statements that read rows and what the log tells of them; each runs in the caller's transaction."""

import json
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Text, bindparam, cast, func, literal_column, select
from sqlalchemy.sql.elements import ColumnElement

from beatd.core.calendars import named_in
from beatd.core.rows import CALENDAR, COLUMNS, LARGEST, Logged, Past, past_of, raw_calendar, raw_row
from beatd.sqlkit import schema
from beatd.sqlkit.dialect import constant, is_one_of
from beatd.sqlkit.messages import as_json
from beatd.sqlkit.rows import as_given, is_text, micros, plain, read_log
from beatd.sqlkit.statement import Statement

AT_ONCE = 1000
"""Names asked for in one statement."""

FIRST = 4
"""How many columns come before the raw ones: name, number, generation, untold."""

_OBJECT = msgspec.json.Decoder(dict[str, Any])
_END = "\U0010ffff" * 4

_s, _c, _k = schema.schedules.c, schema.changes.c, schema.calendars.c
_UNTOLD = func.coalesce(_s.enabled, literal_column("true")) & _s.next_fire_at.is_(None) & _s.error.is_(None)


def _rows(*extra: ColumnElement[Any]) -> Select[Any]:
    raw = [plain(_s[column], LARGEST + 1) for column in COLUMNS]
    return select(_s.name, micros(_s.changed_at), *extra, *raw).where(_s.namespace == bindparam("namespace"))


def _whole() -> Select[Any]:
    return _rows(_s.generation, _UNTOLD)


def _given(name: str) -> ColumnElement[str]:
    return cast(bindparam(name), Text())


def _after(rows: Select[Any]) -> Select[Any]:
    return rows.where(_s.name > _given("after")).order_by(_s.name).limit(bindparam("limit"))


_PAGE = Statement(lambda: _after(_whole()))
_OF = Statement(lambda: _whole().where(is_one_of(_s.name, "names")))
_LOG_PAGE = Statement(
    lambda: (
        select(_c.name, _c.seq, _c.op, _c.generation, _c.changed_at, _c.former_changed_at, _c.former)
        .where(_c.kind == constant("schedule"), _c.namespace == bindparam("namespace"))
        .where(_c.name > _given("after"), _c.name <= _given("to"), _c.op != constant("insert"))
        .order_by(_c.name, _c.changed_at)
        .limit(bindparam("most"))
    )
)
_CALENDARS = Statement(
    lambda: select(_k.name, micros(_k.changed_at), *(plain(_k[column], LARGEST + 1) for column in CALENDAR)).where(
        _k.namespace == bindparam("namespace"), is_one_of(_k.name, "names")
    )
)
_EXCLUDES = Statement(
    lambda: (
        select(plain(_s.exclude, LARGEST + 1))
        .distinct()
        .where(_s.namespace == bindparam("namespace"), _s.exclude.is_not(None))
    )
)
_EXCLUDING = Statement(
    lambda: (
        select(_s.name, micros(_s.changed_at))
        .where(_s.namespace == bindparam("namespace"), is_one_of(_s.exclude, "excludes"))
        .limit(bindparam("most"))
    )
)

Logs = Mapping[str, list[Logged]]


def rows_after(connection: Connection, namespace: str, after: str, limit: int) -> list[Any]:
    """Return the next rows by name: name, number, generation, untold, and the raw values."""
    return _PAGE.tuples(connection, namespace=namespace, after=as_given(after), limit=limit)


def rows_of(connection: Connection, namespace: str, names: Sequence[str]) -> list[Any]:
    """Return the rows of these names."""
    return _OF.tuples(connection, namespace=namespace, names=as_json(names))


def log_between(
    connection: Connection, namespace: str, after: str, to: str | None, most: int
) -> tuple[Logs, str | None]:
    """Return what the log has of the names behind ``after`` up to ``to``, and the last of them that it tells of.

    None: of all. Reads about ``most`` lines, or all of the first name where that has more.
    """
    until = _END if to is None else as_given(to)
    told = {"namespace": namespace, "after": as_given(after), "to": until, "most": most}
    lines = _LOG_PAGE.tuples(connection, **told)
    if len(lines) < most:
        return _by_name(lines), None
    first, last = lines[0][0], lines[-1][0]
    if first == last:
        return log_of(connection, namespace, [first]), first
    complete = [line for line in lines if line[0] != last]
    return _by_name(complete), complete[-1][0]


def log_of(connection: Connection, namespace: str, names: Sequence[str]) -> Logs:
    """Return what the log has of these names."""
    return _by_name(read_log(connection, "schedule", namespace, names))


def pasts_of(connection: Connection, namespace: str, names: Iterable[str]) -> Mapping[str, Past]:
    """Return the past of each of these calendars, also of those that never were."""
    every = sorted(names)
    if not every:
        return {}
    wanted = [name for name in every if is_text(name)]
    told = {"namespace": namespace, "names": as_json(wanted)}
    rows = {name: (number, tuple(document)) for name, number, *document in _CALENDARS.rows(connection, **told)}
    logs = _by_name(read_log(connection, "calendar", namespace, wanted), raw_calendar)
    return {name: past_of(logs.get(name, ()), rows.get(name)) for name in every}


def naming(connection: Connection, namespace: str, calendars: AbstractSet[str], most: int) -> list[tuple[str, int]]:
    """Return (name, changed_at) of at most so many rows that name one of these calendars."""
    every = (exclude for (exclude,) in _EXCLUDES.tuples(connection, namespace=namespace) if is_text(exclude))
    found = [exclude for exclude in every if not calendars.isdisjoint(named_in(exclude))]
    if not found:
        return []
    told = {"namespace": namespace, "excludes": as_json(found), "most": most}
    return _EXCLUDING.tuples(connection, **told)


def _by_name(lines: Sequence[Any], raw: Any = raw_row) -> dict[str, list[Logged]]:
    found: dict[str, list[Logged]] = {}
    for name, _, op, generation, changed_at, former_changed_at, former in sorted(lines, key=_seq):
        members = None if former is None else _members(former)
        was = None if members is None else raw(members)
        found.setdefault(name, []).append(Logged(op, generation, changed_at, former_changed_at, was))
    return found


def _members(former: str) -> Mapping[str, Any] | None:
    try:
        return _OBJECT.decode(former)
    except (msgspec.MsgspecError, ValueError):
        pass
    try:
        found = json.loads(former)  # takes lone surrogates
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _seq(line: Any) -> int:
    return int(line[1])
