"""Entries in a table that anybody may edit, by the ports ``Rows`` and ``Upkeep``, and the state that fires them."""

from beatd.stores.rows.known import KnownState
from beatd.stores.rows.source import SqlRows

__all__ = ["KnownState", "SqlRows"]
