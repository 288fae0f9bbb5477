"""Runs the migrations on the connection, and inside the transaction, of whoever asked for them, or prints them."""

from alembic import context

from beatd.sqlkit.limits import metadata
from beatd.sqlkit.migrate import VERSION_TABLE

given = context.config.attributes
if context.is_offline_mode():
    context.configure(
        dialect_name=given["dialect"],
        output_buffer=given["output"],
        literal_binds=True,
        version_table=VERSION_TABLE,
        transactional_ddl=False,
    )
else:
    context.configure(
        connection=given["connection"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        transactional_ddl=False,
    )
context.run_migrations()
