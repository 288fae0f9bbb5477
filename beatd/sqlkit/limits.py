"""The tables of what holds messages back, from schema 0006 on."""

from sqlalchemy import Index, PrimaryKeyConstraint, Table

from beatd.sqlkit.schema import RESTLESS, Big, counted, metadata, required

__all__ = ["metadata", "pauses", "rates", "unique"]

# Which message holds the key of a call, while it is unfinished, and until when at the latest.
unique = Table(
    "beatd_unique",
    metadata,
    required("namespace"),
    required("key"),
    required("message_id"),
    required("until_at", Big),
    PrimaryKeyConstraint("namespace", "key"),
    Index("beatd_unique_until", "namespace", "until_at"),
    postgresql_with=RESTLESS,
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# A row for each queue that nobody is to claim from.
pauses = Table(
    "beatd_pauses",
    metadata,
    required("namespace"),
    required("queue"),
    required("paused_by"),
    required("paused_at", Big),
    required("note"),
    PrimaryKeyConstraint("namespace", "queue"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Of each task that is limited whose turn it is: ``core.limits.rate.Line``.
rates = Table(
    "beatd_rates",
    metadata,
    required("namespace"),
    required("task"),
    counted("next_at"),
    counted("late_at"),
    counted("tail_at"),
    PrimaryKeyConstraint("namespace", "task"),
    postgresql_with=RESTLESS,
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
