"""What an entry's record knows of the ends of its messages: overlap and the count of failures."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for word in ("unfinished", "held"):
        op.add_column("beatd_entries", sa.Column(f"{word}_id", sa.Text()))
        for moment in ("fire_time", "since"):
            op.add_column("beatd_entries", sa.Column(f"{word}_{moment}", BIG))
    for number in ("failures", "pause_after"):
        # With a default, so that code from before this migration goes on adding rows.
        op.add_column("beatd_entries", sa.Column(number, BIG, nullable=False, server_default=sa.text("0")))
