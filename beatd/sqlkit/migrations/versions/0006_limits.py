"""What holds messages back: the rates of tasks, pauses of queues, and calls that are there already."""

import sqlalchemy as sa
from alembic import op

from beatd.sqlkit.migrations import plain

revision = "0006"
down_revision = "0005"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
RESTLESS = {"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.02, "autovacuum_vacuum_threshold": 1000}


def upgrade() -> None:
    op.create_table(
        "beatd_rates",
        *(sa.Column(name, TEXT, nullable=False) for name in ("namespace", "task")),
        *(
            sa.Column(name, BIG, nullable=False, server_default=sa.text("0"))
            for name in ("next_at", "late_at", "tail_at")
        ),
        sa.PrimaryKeyConstraint("namespace", "task"),
        postgresql_with=RESTLESS,
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "beatd_pauses",
        *(sa.Column(name, TEXT, nullable=False) for name in ("namespace", "queue", "paused_by")),
        sa.Column("paused_at", BIG, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "queue"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "beatd_unique",
        *(sa.Column(name, TEXT, nullable=False) for name in ("namespace", "key", "message_id")),
        sa.Column("until_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("namespace", "key"),
        postgresql_with=RESTLESS,
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("beatd_unique_until", "beatd_unique", ["namespace", "until_at"])
    # There are tables more, and no other difference.
    plain.works_with("0004")
