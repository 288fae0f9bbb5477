"""Since when each version ruled, how far back the history is whole, states put in place of others, and backfills."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    for column in ("generation", "since"):
        op.add_column("beatd_definitions", sa.Column(column, BIG))
    op.add_column("beatd_namespaces", sa.Column("replaces", TEXT))
    op.add_column("beatd_namespaces", sa.Column("history_from", BIG))
    # Of the versions in force it is known; those before them are not known any more.
    op.execute(
        "UPDATE beatd_definitions SET generation = e.generation, since = e.since FROM beatd_entries AS e "
        "WHERE e.namespace = beatd_definitions.namespace AND e.name = beatd_definitions.name "
        "AND e.version = beatd_definitions.number"
    )
    op.create_table(
        "beatd_backfills",
        sa.Column("namespace", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("entry", TEXT, nullable=False),
        sa.Column("first", BIG, nullable=False),
        sa.Column("until", BIG, nullable=False),
        sa.Column("again", BIG, nullable=False, server_default=sa.text("0")),
        sa.Column("cursor", BIG, nullable=False),
        sa.Column("emitted", BIG, nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("namespace", "id"),
        sa.UniqueConstraint("namespace", "entry", "first", "until", "again", name="beatd_backfills_same"),
        sqlite_strict=True,
    )
