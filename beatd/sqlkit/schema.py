"""The tables, as the newest migration leaves them. Moments and durations are integer microseconds."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

# BIGINT on servers; a STRICT table of SQLite knows only INTEGER, which has 64 bits there.
Big = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData()


def _required(name: str, kind: Text | BigInteger | LargeBinary = Text()) -> Column[object]:  # noqa: B008  immutable
    return Column(name, kind, nullable=False)


def _counted(name: str) -> Column[object]:
    return Column(name, Big, nullable=False, server_default=text("0"))


def _partial(name: str, *columns: object, where: str) -> Index:
    condition = text(where)
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)  # type: ignore[arg-type]  # columns and expressions


namespaces = Table(
    "beatd_namespaces",
    metadata,
    _required("namespace"),
    _required("id"),
    _required("since", Big),
    _counted("revision"),
    Column("digest", Text, nullable=False, server_default=text("''")),
    Column("rolled_back_at", Big),
    Column("tzdata", Text),
    Column("astral", Text),
    Column("dateutil", Text),
    Column("holidays", Text),
    PrimaryKeyConstraint("namespace"),
    sqlite_strict=True,
)

revisions = Table(
    "beatd_revisions",
    metadata,
    _required("namespace"),
    _required("revision", Big),
    _required("digest"),
    _required("first_applied_at", Big),
    PrimaryKeyConstraint("namespace", "revision"),
    sqlite_strict=True,
)

definitions = Table(
    "beatd_definitions",
    metadata,
    _required("namespace"),
    _required("name"),
    _required("number", Big),
    _required("changed_at", Big),
    _required("fingerprint", Big),
    _required("source"),
    Column("entry", Text),
    Column("error", Text),
    PrimaryKeyConstraint("namespace", "name", "number"),
    Index("beatd_definitions_number", "namespace", "number"),
    sqlite_strict=True,
)

entries = Table(
    "beatd_entries",
    metadata,
    _required("namespace"),
    _required("name"),
    _required("seq", Big),
    _required("generation", Big),
    _required("version", Big),
    _required("fingerprint", Big),
    _required("since", Big),
    _required("cursor", Big),
    _counted("runs"),
    Column("open", Text),
    Column("backlog_found_at", Big),
    Column("backlog_up_to", Big),
    Column("paused_by", Text),
    Column("paused_at", Big),
    Column("pause_note", Text),
    _counted("removed"),
    _counted("noticed_at"),
    PrimaryKeyConstraint("namespace", "name"),
    _partial("beatd_entries_noticed", "namespace", "noticed_at", where="noticed_at > 0"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

schedulers = Table(
    "beatd_schedulers",
    metadata,
    _required("namespace"),
    _required("holder"),
    _required("host"),
    _required("pid", Big),
    _required("started_at", Big),
    _required("seen_at", Big),
    _required("expires_at", Big),
    _counted("stopped"),
    _counted("revision"),
    Column("digest", Text),
    Column("status", Text, nullable=False, server_default=text("'{}'")),
    PrimaryKeyConstraint("namespace", "holder"),
    sqlite_strict=True,
)

leases = Table(
    "beatd_leases",
    metadata,
    _required("namespace"),
    _required("part", Big),
    Column("holder", Text),
    _counted("expires_at"),
    PrimaryKeyConstraint("namespace", "part"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# One row per emitted fire or per range of fires that were not. ``reason``: emitted, triggered, or a disposition.
# ``state`` to ``note`` are the outcome, copied here when the row in beatd_results is deleted.
fires = Table(
    "beatd_fires",
    metadata,
    Column("id", Big, primary_key=True),
    _required("namespace"),
    _required("entry"),
    _required("generation", Big),
    _required("version", Big),
    _required("reason"),
    _required("first", Big),
    Column("last", Big),
    Column("count", Big),
    Column("message_id", Text),
    Column("task", Text),
    _required("written_at", Big),
    Column("state", Text),
    Column("started_at", Big),
    Column("finished_at", Big),
    Column("note", Text),
    Index("beatd_fires_entry", "namespace", "entry", "first"),
    Index("beatd_fires_first", "namespace", "first"),
    _partial("beatd_fires_open", "namespace", "entry", where="last IS NULL"),
    sqlite_strict=True,
)

# ``state``: ready, delayed, claimed, dead. ``attempt`` rises with every delivery and fences its settlement;
# ``forgiven`` are the deliveries that do not count against max_deliveries (retries, graceful returns).
messages = Table(
    "beatd_messages",
    metadata,
    Column("seq", Big, primary_key=True),
    _required("namespace"),
    _required("id"),
    _required("queue"),
    _counted("priority"),
    _required("state"),
    _counted("due"),
    Column("expires", Big),
    _required("task"),
    _required("headers"),
    _required("body", LargeBinary()),
    _required("content_type"),
    _required("content_encoding"),
    Column("entry", Text),
    Column("fire_time", Big),
    _required("sent_at", Big),
    _counted("attempt"),
    _counted("forgiven"),
    _counted("revoked"),
    Column("owner", Text),
    Column("claimed_at", Big),
    Column("lease_until", Big),
    Column("reason", Text),
    UniqueConstraint("namespace", "id", name="beatd_messages_id"),
    _partial("beatd_messages_ready", "namespace", "queue", text("priority DESC"), "seq", where="state = 'ready'"),
    _partial("beatd_messages_delayed", "namespace", "due", where="state = 'delayed'"),
    _partial("beatd_messages_claimed", "namespace", "owner", where="state = 'claimed'"),
    _partial("beatd_messages_dead", "namespace", "queue", where="state = 'dead'"),
    sqlite_strict=True,
)

results = Table(
    "beatd_results",
    metadata,
    _required("namespace"),
    _required("message_id"),
    _required("state"),
    Column("result", Text),
    Column("traceback", Text),
    Column("started_at", Big),
    _required("finished_at", Big),
    Column("reason", Text),
    _required("task"),
    Column("worker", Text),
    Column("entry", Text),
    Column("fire_time", Big),
    PrimaryKeyConstraint("namespace", "message_id"),
    Index("beatd_results_finished", "namespace", "finished_at"),
    sqlite_strict=True,
)

workers = Table(
    "beatd_workers",
    metadata,
    _required("namespace"),
    _required("worker"),
    _required("host"),
    _required("pid", Big),
    _required("started_at", Big),
    _required("seen_at", Big),
    _required("expires_at", Big),
    _required("queues"),
    _required("children"),
    PrimaryKeyConstraint("namespace", "worker"),
    sqlite_strict=True,
)
