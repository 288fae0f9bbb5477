"""The state store in a SQL database: its ports."""

from beatd.stores.sqlbackfills import SqlBackfills
from beatd.stores.sqldefinitions import SqlDefinitions
from beatd.stores.sqlhistory import SqlHistory
from beatd.stores.sqlleases import SqlLeases
from beatd.stores.sqlpast import SqlPast
from beatd.stores.sqlrecords import SqlRecords
from beatd.stores.sqlrepairs import SqlRepairs

__all__ = ["SqlBackfills", "SqlDefinitions", "SqlHistory", "SqlLeases", "SqlPast", "SqlRecords", "SqlRepairs"]
