"""The tables, as the newest migration leaves them. Moments and durations are integer microseconds."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
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
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

# BIGINT on servers; a STRICT table of SQLite knows only INTEGER, which has 64 bits there.
Big = BigInteger().with_variant(Integer(), "sqlite")

# "C" on servers: the order of names, and with it of locks and pages, is that of code points, as in SQLite and Python.
Words = Text().with_variant(Text(collation="C"), "postgresql")

# What people edit in has the types that they expect there; a STRICT table has no others than text and integers.
Switch = Boolean().with_variant(Integer(), "sqlite")
Json = Text().with_variant(JSONB(), "postgresql")
Moment = Text().with_variant(TIMESTAMP(timezone=True), "postgresql")

# Room in each page for the next version of its rows, so that an update touches no index.
_ROOMY = {"fillfactor": 70}
# Rows of a queue live for moments: what they leave is to be cleared away before it is in the way.
RESTLESS = {**_ROOMY, "autovacuum_vacuum_scale_factor": 0.02, "autovacuum_vacuum_threshold": 1000}

metadata = MetaData()


def required(name: str, kind: Text | BigInteger | LargeBinary = Words) -> Column[object]:
    """Return a column that is never NULL."""
    return Column(name, kind, nullable=False)


def counted(name: str) -> Column[object]:
    """Return a number that begins with 0."""
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
    required("namespace"),
    required("id"),
    required("since", Big),
    counted("revision"),
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
    required("namespace"),
    required("revision", Big),
    required("digest"),
    required("first_applied_at", Big),
    PrimaryKeyConstraint("namespace", "revision"),
    sqlite_strict=True,
)

# ``generation`` and ``since``: once the version was taken in, what it rules begins strictly after that moment.
# ``source`` row: it belongs to no set. It notes the tenure of a row's version, whose text is in its table.
definitions = Table(
    "beatd_definitions",
    metadata,
    required("namespace"),
    required("name"),
    required("number", Big),
    required("changed_at", Big),
    required("fingerprint", Big),
    required("source"),
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
    required("namespace"),
    required("name"),
    required("seq", Big),
    required("generation", Big),
    required("version", Big),
    required("fingerprint", Big),
    required("since", Big),
    required("cursor", Big),
    counted("runs"),
    Column("open", Words),
    Column("backlog_found_at", Big),
    Column("backlog_up_to", Big),
    Column("paused_by", Words),
    Column("paused_at", Big),
    Column("pause_note", Words),
    counted("removed"),
    counted("noticed_at"),
    Column("unfinished_id", Text),
    Column("unfinished_fire_time", Big),
    Column("unfinished_since", Big),
    Column("held_id", Text),
    Column("held_fire_time", Big),
    Column("held_since", Big),
    counted("failures"),
    counted("pause_after"),
    PrimaryKeyConstraint("namespace", "name"),
    _partial("beatd_entries_noticed", "namespace", "noticed_at", where="noticed_at > 0"),
    postgresql_with=_ROOMY,
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

schedulers = Table(
    "beatd_schedulers",
    metadata,
    required("namespace"),
    required("holder"),
    required("host"),
    required("pid", Big),
    required("started_at", Big),
    required("seen_at", Big),
    required("expires_at", Big),
    counted("stopped"),
    counted("revision"),
    Column("digest", Words),
    Column("status", Words, nullable=False, server_default=text("'{}'")),
    PrimaryKeyConstraint("namespace", "holder"),
    sqlite_strict=True,
)

leases = Table(
    "beatd_leases",
    metadata,
    required("namespace"),
    required("part", Big),
    Column("holder", Words),
    counted("expires_at"),
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
    required("namespace"),
    required("entry"),
    required("generation", Big),
    required("version", Big),
    required("reason"),
    required("first", Big),
    Column("last", Big),
    Column("count", Big),
    Column("message_id", Words),
    Column("task", Words),
    required("written_at", Big),
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
    required("namespace"),
    required("id"),
    required("entry"),
    required("first", Big),
    required("until", Big),
    counted("again"),
    required("cursor", Big),
    counted("emitted"),
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
    required("namespace"),
    required("id"),
    required("queue"),
    counted("priority"),
    required("state"),
    counted("due"),
    Column("expires", Big),
    required("task"),
    required("headers"),
    required("body", LargeBinary()),
    required("content_type"),
    required("content_encoding"),
    Column("entry", Words),
    Column("fire_time", Big),
    required("sent_at", Big),
    counted("attempt"),
    counted("forgiven"),
    counted("revoked"),
    Column("owner", Words),
    Column("claimed_at", Big),
    Column("lease_until", Big),
    Column("reason", Words),
    UniqueConstraint("namespace", "id", name="beatd_messages_id"),
    _partial("beatd_messages_ready", "namespace", "queue", text("priority DESC"), "seq", where="state = 'ready'"),
    _partial("beatd_messages_delayed", "namespace", "due", where="state = 'delayed'"),
    _partial("beatd_messages_claimed", "namespace", "owner", where="state = 'claimed'"),
    _partial("beatd_messages_dead", "namespace", "queue", where="state = 'dead'"),
    postgresql_with=RESTLESS,
    sqlite_strict=True,
)

results = Table(
    "beatd_results",
    metadata,
    required("namespace"),
    required("message_id"),
    required("state"),
    Column("result", Words),
    Column("traceback", Words),
    Column("started_at", Big),
    required("finished_at", Big),
    Column("reason", Words),
    required("task"),
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
    required("namespace"),
    required("worker"),
    required("host"),
    required("pid", Big),
    required("started_at", Big),
    required("seen_at", Big),
    required("expires_at", Big),
    required("queues"),
    required("children"),
    PrimaryKeyConstraint("namespace", "worker"),
    sqlite_strict=True,
)


# The name of a constraint is all that a server says of it to whoever has met it.
def _json(*names: str) -> list[Column[str] | CheckConstraint]:
    checks = {name: f"{name} IS NULL OR json_valid({name})" for name in names}
    return [
        *(Column(name, Json) for name in names),
        *(CheckConstraint(check, name=f"{name} must be JSON").ddl_if("sqlite") for name, check in checks.items()),
    ]


def _choice(name: str, *words: str) -> list[Column[str] | CheckConstraint]:
    listed = ", ".join(f"'{word}'" for word in words)
    told = f"{name} must be {', '.join(words[:-1])} or {words[-1]}"
    return [Column(name, Words), CheckConstraint(f"{name} IN ({listed})", name=told)]


def _named() -> list[Column[object]]:
    return [Column("namespace", Words, nullable=False, server_default=text("'beatd'")), required("name")]


# Made to be edited by hand: NULL means the default. Triggers keep ``generation`` and ``changed_at``; from
# ``next_fire_at`` on the columns are copies that a scheduler writes, for the eye.
schedules = Table(
    "beatd_schedules",
    metadata,
    *_named(),
    required("task"),
    required("schedule"),
    Column("exclude", Words),
    Column("timezone", Words),
    *_json("args", "kwargs"),
    Column("queue", Words),
    Column("priority", Big),
    *_json("headers"),
    Column("expires", Words),
    Column("time_limit", Words),
    Column("soft_time_limit", Words),
    Column("enabled", Switch, server_default=text("true")),
    CheckConstraint("enabled IN (0, 1)", name="enabled must be 0 or 1").ddl_if("sqlite"),
    Column("starts_at", Words),
    Column("ends_at", Words),
    Column("max_runs", Big),
    *_choice("misfire", "latest", "all", "skip"),
    Column("grace", Words),
    Column("catch_up_limit", Big),
    *_choice("overlap", "allow", "skip", "queue_one", "cancel_previous"),
    Column("overlap_timeout", Words),
    Column("pause_after_failures", Big),
    Column("jitter", Words),
    *_choice("gap", "shift", "skip"),
    *_choice("fold", "first", "second", "both"),
    *_choice("business_days", "next", "previous", "skip"),
    Column("description", Words),
    *_json("tags"),
    Column("generation", Big),
    Column("changed_at", Moment),
    Column("next_fire_at", Moment),
    Column("last_fire_at", Moment),
    counted("run_count"),
    Column("error", Words),
    PrimaryKeyConstraint("namespace", "name"),
    postgresql_with=_ROOMY,
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

calendars = Table(
    "beatd_calendars",
    metadata,
    *_named(),
    Column("country", Words),
    Column("region", Words),
    *_json("closed", "dates", "open"),
    Column("description", Words),
    Column("changed_at", Moment),
    PrimaryKeyConstraint("namespace", "name"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# What happened to rows of the two tables above. ``kind``: schedule or calendar. ``op``: insert, update, delete, or was
# (a row that an insert may be about to replace). ``changed_at``: the moment, and the number of the version that begins
# with it. ``former``: the row before, a JSON object; ``former_changed_at``: the number that it had.
changes = Table(
    "beatd_changes",
    metadata,
    Column("seq", Big, primary_key=True, autoincrement=True),
    counted("txid"),
    required("kind"),
    required("namespace"),
    required("name"),
    required("op"),
    Column("generation", Big),
    required("changed_at", Big),
    Column("former_changed_at", Big),
    Column("former", Words),
    Index("beatd_changes_name", "kind", "namespace", "name", "changed_at"),
    Index("beatd_changes_txid", "txid"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

# Which state the rows of a namespace are fired from: it may be in another database.
installations = Table(
    "beatd_installations", metadata, required("namespace"), required("id"), PrimaryKeyConstraint("namespace"),
    sqlite_strict=True,
)  # fmt: skip
