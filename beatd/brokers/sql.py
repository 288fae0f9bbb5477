"""The broker in a SQL database: its four ports."""

from beatd.brokers.sqladmin import SqlQueueAdmin
from beatd.brokers.sqllimits import SqlLimits
from beatd.brokers.sqlreceiver import SqlReceiver
from beatd.brokers.sqlsender import SqlSender

__all__ = ["SqlLimits", "SqlQueueAdmin", "SqlReceiver", "SqlSender"]
