"""Which set may replace which, and the revisions there have been."""

from sqlalchemy import Connection, bindparam, func, select, update

from beatd.sqlkit import schema
from beatd.sqlkit.dialect import insert_all, upsert
from beatd.sqlkit.statement import Statement
from beatd.stores.holder import here
from beatd.stores.sets import VANISHED_FOR, stale_beside

_r, _s, _n = schema.revisions.c, schema.schedulers.c, schema.namespaces.c
_FIRST_APPLIED = Statement(
    lambda: select(func.max(_r.first_applied_at)).where(
        _r.namespace == bindparam("namespace"), _r.digest == bindparam("digest")
    )
)
_CARRIERS = Statement(
    lambda: (
        select(_s.holder, _s.host, _s.pid, _s.expires_at, func.max(_r.first_applied_at).label("applied_at"))
        .join_from(schema.schedulers, schema.revisions, (_r.namespace == _s.namespace) & (_r.digest == _s.digest))
        .where(
            _s.namespace == bindparam("namespace"),
            _s.holder != bindparam("holder"),
            _s.stopped == 0,
            (_s.expires_at > bindparam("now")) | (_s.seen_at > bindparam("seen_after")),
        )
        .group_by(_s.holder, _s.host, _s.pid, _s.expires_at)
        .order_by(func.max(_r.first_applied_at).desc())
    )
)
_ADD = Statement(lambda: insert_all(schema.revisions, ("namespace", "revision", "digest", "first_applied_at")))
_MAKE_CURRENT = Statement(
    lambda: (
        update(schema.namespaces)
        .where(_n.namespace == bindparam("of_namespace"))
        .values(revision=bindparam("revision"), digest=bindparam("digest"))
    )
)
_CARRIED = Statement(
    lambda: select(_s.digest).where(_s.namespace == bindparam("namespace"), _s.holder == bindparam("holder"))
)
_CARRY_COLUMNS = [column.name for column in schema.schedulers.columns if column.name != "status"]
_CARRY = Statement(lambda: upsert(schema.schedulers, _CARRY_COLUMNS, keep=("started_at", "expires_at", "stopped")))


def refuse_stale(connection: Connection, namespace: str, digest: str, holder: str, now: int) -> None:
    """Raise StaleSetError where a scheduler carries a set that was first applied after this one."""
    applied_at = first_applied(connection, namespace, digest)
    if applied_at is None:
        return  # never seen before: the newest of all
    carriers = _CARRIERS.rows(connection, namespace=namespace, holder=holder, now=now, seen_after=now - VANISHED_FOR)
    for carrier in carriers:
        if carrier.applied_at > applied_at:
            raise stale_beside(carrier.holder, carrier.host, carrier.pid, live=carrier.expires_at > now)


def first_applied(connection: Connection, namespace: str, digest: str) -> int | None:
    """Return when a set of this digest was first applied, None if never."""
    found: int | None = _FIRST_APPLIED.value(connection, namespace=namespace, digest=digest)
    return found


def make_current(connection: Connection, namespace: str, revision: int, digest: str, first_applied_at: int) -> None:
    """Record a revision and make it the current one."""
    _ADD.change(connection, namespace=namespace, revision=revision, digest=digest, first_applied_at=first_applied_at)
    _MAKE_CURRENT.change(connection, of_namespace=namespace, revision=revision, digest=digest)


def carry(connection: Connection, namespace: str, holder: str, digest: str, revision: int, now: int) -> None:
    """Remember that a scheduler carries this set."""
    moments = {"started_at": now, "seen_at": now, "expires_at": 0, "stopped": 0}
    _CARRY.change(connection, namespace=namespace, holder=holder, digest=digest, revision=revision, **here(), **moments)


def carried_by(connection: Connection, namespace: str, holder: str) -> str | None:
    """Return the digest of the set that a scheduler carries, None where it carries none yet."""
    digest: str | None = _CARRIED.value(connection, namespace=namespace, holder=holder)
    return digest
