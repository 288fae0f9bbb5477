"""The versions of dateutil and holidays, which compute fire times too."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for library in ("dateutil", "holidays"):
        op.add_column("beatd_namespaces", sa.Column(library, sa.Text()))
