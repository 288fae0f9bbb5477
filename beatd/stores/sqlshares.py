"""Dividing the parts among the live schedulers of a server, evenly."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from beatd.core.identity import PARTS
from beatd.sqlkit import schema
from beatd.sqlkit.statement import Statement

_l, _s = schema.leases.c, schema.schedulers.c
_mine = (_l.namespace == bindparam("of_namespace"), _l.holder == bindparam("of_holder"))
_LEASES = Statement(
    lambda: select(_l.part, _l.holder, _l.expires_at).where(_l.namespace == bindparam("of_namespace")).order_by(_l.part)
)
_LIVE = Statement(
    lambda: select(_s.holder, _s.started_at).where(
        _s.namespace == bindparam("of_namespace"), _s.expires_at > bindparam("now")
    )
)
_RENEW = Statement(
    lambda: update(schema.leases).where(*_mine, _l.expires_at > bindparam("now")).values(expires_at=bindparam("until"))
)
_ASSIGN = Statement(
    lambda: (
        update(schema.leases)
        .where(_l.namespace == bindparam("of_namespace"), _l.part == bindparam("of_part"))
        .values(holder=bindparam("holder"), expires_at=bindparam("until"))
    )
)


class Change(NamedTuple):
    """Which parts to keep, to take and to give back."""

    keep: tuple[int, ...]
    take: tuple[int, ...]
    give_back: tuple[int, ...]


def shared(
    holder: str, leases: Sequence[tuple[int, str | None, int]], live: Sequence[tuple[str, int]], now: int, ttl: int
) -> Change:
    """Decide for one scheduler, from (part, holder, expires_at) and the live schedulers' (holder, started_at); pure.

    A fresh one waits one ``ttl`` before the others make room for it, so that one that fails as it starts moves
    nothing; where all are fresh nobody waits.
    """
    held = {of for _, of, expires_at in leases if of is not None and expires_at > now}
    sharers = {name for name, started_at in live if started_at <= now - ttl or name in held}
    sharers = sharers or {name for name, _ in live}
    mine = [part for part, of, expires_at in leases if of == holder and expires_at > now]
    if holder not in sharers:
        return Change((), (), tuple(mine))
    most = -(-PARTS // len(sharers))
    free = [part for part, of, expires_at in leases if of is None or expires_at <= now]
    return Change(tuple(mine[:most]), tuple(free[: max(0, most - len(mine))]), tuple(mine[most:]))


def take_share(connection: Connection, namespace: str, holder: str, now: int, ttl: int) -> frozenset[int]:
    """Renew, take and give back, and return the parts held; in a transaction that is alone in doing so."""
    leases: list[Any] = _LEASES.rows(connection, of_namespace=namespace)
    live: list[Any] = _LIVE.rows(connection, of_namespace=namespace, now=now)
    change, until = shared(holder, leases, live, now, ttl), now + ttl
    _RENEW.change(connection, of_namespace=namespace, of_holder=holder, now=now, until=until)
    changes: list[tuple[int, str | None, int]] = [(part, holder, until) for part in change.take]
    changes += [(part, None, 0) for part in change.give_back]
    rows = [{"of_namespace": namespace, "of_part": part, "holder": of, "until": end} for part, of, end in changes]
    _ASSIGN.many(connection, rows)
    return frozenset(change.keep + change.take)
