"""The state store in a SQL database: its four ports."""

from beatd.stores.sqldefinitions import SqlDefinitions
from beatd.stores.sqlhistory import SqlHistory
from beatd.stores.sqlleases import SqlLeases
from beatd.stores.sqlrecords import SqlRecords

__all__ = ["SqlDefinitions", "SqlHistory", "SqlLeases", "SqlRecords"]
