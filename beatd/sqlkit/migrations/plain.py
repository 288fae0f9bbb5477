"""What migrations say in plain SQL, run now or printed for later."""

from alembic import context, op

from beatd.sqlkit import triggers


def is_sqlite() -> bool:
    """Return whether the tables are in SQLite."""
    return op.get_context().dialect.name == "sqlite"


def schema() -> str:
    """Return the schema that the tables are in, empty for SQLite."""
    if is_sqlite():
        return ""
    if context.is_offline_mode():
        return str(context.config.attributes["schema"])
    return str(op.get_bind().exec_driver_sql("SELECT current_schema()").scalar())


def execute(statement: str) -> None:
    """Execute a statement as it is, whatever signs are in it."""
    if context.is_offline_mode():
        op.get_context().impl.static_output(f"{statement};")
    else:
        triggers.execute(op.get_bind(), statement)


def works_with(oldest: str) -> None:
    """Note in the database the oldest schema whose code can work with this one; each migration says it anew."""
    execute(f"UPDATE beatd_schema SET oldest = '{oldest}'")  # noqa: S608  a constant of a migration
