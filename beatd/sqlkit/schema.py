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

# "C" on servers: the order of names, and with it of locks and pages, is that of code points, as in SQLite and Python.
Words = Text().with_variant(Text(collation="C"), "postgresql")

# Room in each page for the next version of its rows, so that an update touches no index.
_ROOMY = {"fillfactor": 70}
# Rows of a queue live for moments: what they leave is to be cleared away before it is in the way.
_RESTLESS = {**_ROOMY, "autovacuum_vacuum_scale_factor": 0.02, "autovacuum_vacuum_threshold": 1000}

metadata = MetaData()


def _required(name: str, kind: Text | BigInteger | LargeBinary = Words) -> Column[object]:
    return Column(name, kind, nullable=False)


def _counted(name: str) -> Column[object]:
    return Column(name, Big, nullable=False, server_default=text("0"))


def _reserved(name: str, *columns: str, where: str) -> Index:
    """Return an index that PostgreSQL uses only where ``dialect.through`` says so."""
    return Index(name, *columns, postgresql_where=text(where))


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
    Column("digest", Words, nullable=False, server_default=text("''")),
    Column("rolled_back_at", Big),
    Column("tzdata", Words),
    Column("astral", Words),
    Column("dateutil", Words),
    Column("holidays", Words),
    Column("replaces", Words),
    Column("history_from", Big),
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

# ``generation`` and ``since``: once the version was taken in, what it rules begins strictly after that moment.
definitions = Table(
    "beatd_definitions",
    metadata,
    _required("namespace"),
    _required("name"),
    _required("number", Big),
    _required("changed_at", Big),
    _required("fingerprint", Big),
    _required("source"),
    Column("entry", Words),
    Column("error", Words),
    Column("generation", Big),
    Column("since", Big),
    PrimaryKeyConstraint("namespace", "name", "number"),
    _reserved("beatd_definitions_number", "namespace", "number", where="changed_at > 0"),
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
    Column("open", Words),
    Column("backlog_found_at", Big),
    Column("backlog_up_to", Big),
    Column("paused_by", Words),
    Column("paused_at", Big),
    Column("pause_note", Words),
    _counted("removed"),
    _counted("noticed_at"),
    Column("unfinished_id", Text),
    Column("unfinished_fire_time", Big),
    Column("unfinished_since", Big),
    Column("held_id", Text),
    Column("held_fire_time", Big),
    Column("held_since", Big),
    _counted("failures"),
    _counted("pause_after"),
    PrimaryKeyConstraint("namespace", "name"),
    _partial("beatd_entries_noticed", "namespace", "noticed_at", where="noticed_at > 0"),
    postgresql_with=_ROOMY,
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
    Column("digest", Words),
    Column("status", Words, nullable=False, server_default=text("'{}'")),
    PrimaryKeyConstraint("namespace", "holder"),
    sqlite_strict=True,
)

leases = Table(
    "beatd_leases",
    metadata,
    _required("namespace"),
    _required("part", Big),
    Column("holder", Words),
    _counted("expires_at"),
    PrimaryKeyConstraint("namespace", "part"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# One row per emitted fire or per range of fires that were not. ``reason``: emitted, triggered, or a disposition.
# ``state`` to ``note`` are the outcome, copied here when the row in beatd_results is deleted; of a range ``note`` is
# the reason that a person gave.
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
    Column("message_id", Words),
    Column("task", Words),
    _required("written_at", Big),
    Column("state", Words),
    Column("started_at", Big),
    Column("finished_at", Big),
    Column("note", Words),
    Index("beatd_fires_entry", "namespace", "entry", "first"),
    _reserved("beatd_fires_first", "namespace", "first", where="id > 0"),
    _partial("beatd_fires_open", "namespace", "entry", where="last IS NULL"),
    sqlite_strict=True,
)

# Errands that are not done yet.
backfills = Table(
    "beatd_backfills",
    metadata,
    _required("namespace"),
    _required("id"),
    _required("entry"),
    _required("first", Big),
    _required("until", Big),
    _counted("again"),
    _required("cursor", Big),
    _counted("emitted"),
    PrimaryKeyConstraint("namespace", "id"),
    UniqueConstraint("namespace", "entry", "first", "until", "again", name="beatd_backfills_same"),
    sqlite_strict=True,
)

# ``state``: ready, delayed, claimed, dead, or held behind the unfinished one of its entry. ``attempt`` rises with every
# delivery and fences its settlement;
# ``forgiven`` are the deliveries that do not count against max_deliveries (retries, graceful returns).
# ``revoked``: 1 where it is not to be run again, 2 where its process is to be ended besides.
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
    Column("entry", Words),
    Column("fire_time", Big),
    _required("sent_at", Big),
    _counted("attempt"),
    _counted("forgiven"),
    _counted("revoked"),
    Column("owner", Words),
    Column("claimed_at", Big),
    Column("lease_until", Big),
    Column("reason", Words),
    UniqueConstraint("namespace", "id", name="beatd_messages_id"),
    _partial("beatd_messages_ready", "namespace", "queue", text("priority DESC"), "seq", where="state = 'ready'"),
    _partial("beatd_messages_delayed", "namespace", "due", where="state = 'delayed'"),
    _partial("beatd_messages_claimed", "namespace", "owner", where="state = 'claimed'"),
    _partial("beatd_messages_dead", "namespace", "queue", where="state = 'dead'"),
    postgresql_with=_RESTLESS,
    sqlite_strict=True,
)

results = Table(
    "beatd_results",
    metadata,
    _required("namespace"),
    _required("message_id"),
    _required("state"),
    Column("result", Words),
    Column("traceback", Words),
    Column("started_at", Big),
    _required("finished_at", Big),
    Column("reason", Words),
    _required("task"),
    Column("worker", Words),
    Column("entry", Words),
    Column("fire_time", Big),
    PrimaryKeyConstraint("namespace", "message_id"),
    _reserved("beatd_results_finished", "namespace", "finished_at", where="finished_at > 0"),
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
