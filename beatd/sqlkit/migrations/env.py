"""Runs the migrations on the connection, and inside the transaction, of whoever asked for them."""

from alembic import context

from beatd.sqlkit.migrate import VERSION_TABLE
from beatd.sqlkit.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=False,
)
context.run_migrations()
