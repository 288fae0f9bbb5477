"""Short ways to ask something of a database, whichever it is."""

from typing import Any

import pytest

from beatd.errors import StoreError
from beatd.sqlkit.database import Database


def touch(db: Database) -> Any:
    """Return how many messages there are; the database is opened and made ready for that."""
    with db.read() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM beatd_messages").scalar()


def refusal(db: Database, kind: type[Exception] = StoreError) -> str:
    """Return the words with which a database is refused at its first use."""
    with pytest.raises(kind) as caught:
        touch(db)
    db.close()
    return str(caught.value)
