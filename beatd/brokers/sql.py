"""The broker in a SQL database: its ports."""

from beatd.brokers.sqladmin import SqlQueueAdmin
from beatd.brokers.sqllimits import SqlLimits
from beatd.brokers.sqlpauses import SqlPauses
from beatd.brokers.sqlreceiver import SqlReceiver
from beatd.brokers.sqlsender import SqlSender

__all__ = ["SqlLimits", "SqlPauses", "SqlQueueAdmin", "SqlReceiver", "SqlSender"]
