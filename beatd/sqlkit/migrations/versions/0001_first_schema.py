"""The first schema: the set, its state, the history and the queue."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BLOB = sa.LargeBinary()
ROOMY = {"fillfactor": 70}
RESTLESS = {**ROOMY, "autovacuum_vacuum_scale_factor": 0.02, "autovacuum_vacuum_threshold": 1000}


def upgrade() -> None:
    _set()
    _state()
    _history()
    _broker()


def _needs(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _may(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, kind) for name in names]


def _counts(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, BIG, nullable=False, server_default=sa.text("0")) for name in names]


def _partial(name: str, table: str, columns: list[str | sa.TextClause], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _reserved(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, postgresql_where=sa.text(where))


def _set() -> None:
    op.create_table(
        "beatd_namespaces",
        *_needs(TEXT, "namespace", "id"),
        *_needs(BIG, "since"),
        *_counts("revision"),
        sa.Column("digest", TEXT, nullable=False, server_default=sa.text("''")),
        *_may(BIG, "rolled_back_at"),
        *_may(TEXT, "tzdata", "astral"),
        sa.PrimaryKeyConstraint("namespace"),
        sqlite_strict=True,
    )
    op.create_table(
        "beatd_revisions",
        *_needs(TEXT, "namespace"),
        *_needs(BIG, "revision"),
        *_needs(TEXT, "digest"),
        *_needs(BIG, "first_applied_at"),
        sa.PrimaryKeyConstraint("namespace", "revision"),
        sqlite_strict=True,
    )
    op.create_table(
        "beatd_definitions",
        *_needs(TEXT, "namespace", "name"),
        *_needs(BIG, "number", "changed_at", "fingerprint"),
        *_needs(TEXT, "source"),
        *_may(TEXT, "entry", "error"),
        sa.PrimaryKeyConstraint("namespace", "name", "number"),
        sqlite_strict=True,
    )
    _reserved("beatd_definitions_number", "beatd_definitions", ["namespace", "number"], "changed_at > 0")


def _state() -> None:
    op.create_table(
        "beatd_entries",
        *_needs(TEXT, "namespace", "name"),
        *_needs(BIG, "seq", "generation", "version", "fingerprint", "since", "cursor"),
        *_counts("runs"),
        *_may(TEXT, "open"),
        *_may(BIG, "backlog_found_at", "backlog_up_to"),
        *_may(TEXT, "paused_by"),
        *_may(BIG, "paused_at"),
        *_may(TEXT, "pause_note"),
        *_counts("removed", "noticed_at"),
        sa.PrimaryKeyConstraint("namespace", "name"),
        postgresql_with=ROOMY,
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    _partial("beatd_entries_noticed", "beatd_entries", ["namespace", "noticed_at"], "noticed_at > 0")
    op.create_table(
        "beatd_schedulers",
        *_needs(TEXT, "namespace", "holder", "host"),
        *_needs(BIG, "pid", "started_at", "seen_at", "expires_at"),
        *_counts("stopped", "revision"),
        *_may(TEXT, "digest"),
        sa.Column("status", TEXT, nullable=False, server_default=sa.text("'{}'")),
        sa.PrimaryKeyConstraint("namespace", "holder"),
        sqlite_strict=True,
    )
    op.create_table(
        "beatd_leases",
        *_needs(TEXT, "namespace"),
        *_needs(BIG, "part"),
        *_may(TEXT, "holder"),
        *_counts("expires_at"),
        sa.PrimaryKeyConstraint("namespace", "part"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _history() -> None:
    op.create_table(
        "beatd_fires",
        sa.Column("id", BIG, primary_key=True),
        *_needs(TEXT, "namespace", "entry"),
        *_needs(BIG, "generation", "version"),
        *_needs(TEXT, "reason"),
        *_needs(BIG, "first"),
        *_may(BIG, "last", "count"),
        *_may(TEXT, "message_id", "task"),
        *_needs(BIG, "written_at"),
        *_may(TEXT, "state"),
        *_may(BIG, "started_at", "finished_at"),
        *_may(TEXT, "note"),
        sqlite_strict=True,
    )
    op.create_index("beatd_fires_entry", "beatd_fires", ["namespace", "entry", "first"])
    _reserved("beatd_fires_first", "beatd_fires", ["namespace", "first"], "id > 0")
    _partial("beatd_fires_open", "beatd_fires", ["namespace", "entry"], "last IS NULL")


def _broker() -> None:
    op.create_table(
        "beatd_messages",
        sa.Column("seq", BIG, primary_key=True),
        *_needs(TEXT, "namespace", "id", "queue"),
        *_counts("priority"),
        *_needs(TEXT, "state"),
        *_counts("due"),
        *_may(BIG, "expires"),
        *_needs(TEXT, "task", "headers"),
        *_needs(BLOB, "body"),
        *_needs(TEXT, "content_type", "content_encoding"),
        *_may(TEXT, "entry"),
        *_may(BIG, "fire_time"),
        *_needs(BIG, "sent_at"),
        *_counts("attempt", "forgiven", "revoked"),
        *_may(TEXT, "owner"),
        *_may(BIG, "claimed_at", "lease_until"),
        *_may(TEXT, "reason"),
        sa.UniqueConstraint("namespace", "id", name="beatd_messages_id"),
        postgresql_with=RESTLESS,
        sqlite_strict=True,
    )
    _partial("beatd_messages_claimed", "beatd_messages", ["namespace", "owner"], "state = 'claimed'")
    _partial("beatd_messages_dead", "beatd_messages", ["namespace", "queue"], "state = 'dead'")
    _partial("beatd_messages_delayed", "beatd_messages", ["namespace", "due"], "state = 'delayed'")
    _partial(
        "beatd_messages_ready",
        "beatd_messages",
        ["namespace", "queue", sa.text("priority DESC"), "seq"],
        "state = 'ready'",
    )
    op.create_table(
        "beatd_results",
        *_needs(TEXT, "namespace", "message_id", "state"),
        *_may(TEXT, "result", "traceback"),
        *_may(BIG, "started_at"),
        *_needs(BIG, "finished_at"),
        *_may(TEXT, "reason"),
        *_needs(TEXT, "task"),
        *_may(TEXT, "worker", "entry"),
        *_may(BIG, "fire_time"),
        sa.PrimaryKeyConstraint("namespace", "message_id"),
        sqlite_strict=True,
    )
    _reserved("beatd_results_finished", "beatd_results", ["namespace", "finished_at"], "finished_at > 0")
    op.create_table(
        "beatd_workers",
        *_needs(TEXT, "namespace", "worker", "host"),
        *_needs(BIG, "pid", "started_at", "seen_at", "expires_at"),
        *_needs(TEXT, "queues", "children"),
        sa.PrimaryKeyConstraint("namespace", "worker"),
        sqlite_strict=True,
    )
