"""Entries in tables that anybody may edit, the calendars that they name, the log of what was changed in both.

And which state they are fired from.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from beatd.sqlkit import triggers
from beatd.sqlkit.migrations import comments, plain

revision = "0005"
down_revision = "0004"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
SWITCH = sa.Boolean().with_variant(sa.Integer(), "sqlite")
JSON = sa.Text().with_variant(JSONB(), "postgresql")
MOMENT = sa.Text().with_variant(TIMESTAMP(timezone=True), "postgresql")

EDITED = (
    *("task", "schedule", "exclude", "timezone", "args", "kwargs", "queue", "priority", "headers", "expires"),
    *("time_limit", "soft_time_limit", "enabled", "starts_at", "ends_at", "max_runs", "misfire", "grace"),
    *("catch_up_limit", "overlap", "overlap_timeout", "pause_after_failures", "jitter", "gap", "fold"),
    *("business_days", "description", "tags"),
)


def upgrade() -> None:
    _schedules()
    _calendars()
    _changes()
    _installations()
    dialect = op.get_context().dialect.name
    for statement in triggers.statements(dialect, plain.schema(), EDITED):
        plain.execute(statement)
    if not plain.is_sqlite():
        for statement in comments.statements():
            plain.execute(statement)
    op.add_column("beatd_schema", sa.Column("oldest", sa.Text()))
    # There are tables more, and no other difference.
    plain.works_with("0004")


def _text(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, TEXT) for name in names]


def _json(*names: str) -> list[sa.schema.SchemaItem]:
    checks = {name: f"{name} IS NULL OR json_valid({name})" for name in names}
    return [
        *(sa.Column(name, JSON) for name in names),
        *(sa.CheckConstraint(check, name=f"{name} must be JSON").ddl_if("sqlite") for name, check in checks.items()),
    ]


def _choice(name: str, *words: str) -> list[sa.schema.SchemaItem]:
    listed = ", ".join(f"'{word}'" for word in words)
    told = f"{name} must be {', '.join(words[:-1])} or {words[-1]}"
    return [sa.Column(name, TEXT), sa.CheckConstraint(f"{name} IN ({listed})", name=told)]


def _named() -> list[sa.Column[object]]:
    return [
        sa.Column("namespace", TEXT, nullable=False, server_default=sa.text("'beatd'")),
        sa.Column("name", TEXT, nullable=False),
    ]


def _schedules() -> None:
    op.create_table(
        "beatd_schedules",
        *_named(),
        sa.Column("task", TEXT, nullable=False),
        sa.Column("schedule", TEXT, nullable=False),
        *_text("exclude", "timezone"),
        *_json("args", "kwargs"),
        *_text("queue"),
        sa.Column("priority", BIG),
        *_json("headers"),
        *_text("expires", "time_limit", "soft_time_limit"),
        sa.Column("enabled", SWITCH, server_default=sa.text("true")),
        sa.CheckConstraint("enabled IN (0, 1)", name="enabled must be 0 or 1").ddl_if("sqlite"),
        *_text("starts_at", "ends_at"),
        sa.Column("max_runs", BIG),
        *_choice("misfire", "latest", "all", "skip"),
        *_text("grace"),
        sa.Column("catch_up_limit", BIG),
        *_choice("overlap", "allow", "skip", "queue_one", "cancel_previous"),
        *_text("overlap_timeout"),
        sa.Column("pause_after_failures", BIG),
        *_text("jitter"),
        *_choice("gap", "shift", "skip"),
        *_choice("fold", "first", "second", "both"),
        *_choice("business_days", "next", "previous", "skip"),
        *_text("description"),
        *_json("tags"),
        sa.Column("generation", BIG),
        *(sa.Column(name, MOMENT) for name in ("changed_at", "next_fire_at", "last_fire_at")),
        sa.Column("run_count", BIG, nullable=False, server_default=sa.text("0")),
        *_text("error"),
        sa.PrimaryKeyConstraint("namespace", "name"),
        postgresql_with={"fillfactor": 70},
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _calendars() -> None:
    op.create_table(
        "beatd_calendars",
        *_named(),
        *_text("country", "region"),
        *_json("closed", "dates", "open"),
        *_text("description"),
        sa.Column("changed_at", MOMENT),
        sa.PrimaryKeyConstraint("namespace", "name"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _changes() -> None:
    op.create_table(
        "beatd_changes",
        sa.Column("seq", BIG, primary_key=True, autoincrement=True),
        sa.Column("txid", BIG, nullable=False, server_default=sa.text("0" if plain.is_sqlite() else "txid_current()")),
        *(sa.Column(name, TEXT, nullable=False) for name in ("kind", "namespace", "name", "op")),
        sa.Column("generation", BIG),
        sa.Column("changed_at", BIG, nullable=False),
        sa.Column("former_changed_at", BIG),
        sa.Column("former", TEXT),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("beatd_changes_name", "beatd_changes", ["kind", "namespace", "name", "changed_at"])
    op.create_index("beatd_changes_txid", "beatd_changes", ["txid"])


def _installations() -> None:
    op.create_table(
        "beatd_installations",
        *(sa.Column(name, TEXT, nullable=False) for name in ("namespace", "id")),
        sa.PrimaryKeyConstraint("namespace"),
        sqlite_strict=True,
    )
