"""Tables as a former version of the schema has them."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from beatd.sqlkit import migrate


def make_tables(db, version):
    """Make, or bring up, the tables of a database to that version, and no further."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with db.bare(writing=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    assert migrate.current(db) == version
