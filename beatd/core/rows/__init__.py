"""Rows of a table as entries, and what is known of a row as the versions of its name; pure."""

from beatd.core.rows.calendars import Past, past_of
from beatd.core.rows.columns import CALENDAR, COLUMNS, LARGEST, Documents, Raw, raw_calendar, raw_row
from beatd.core.rows.decoding import RowDecoder, calendars_named
from beatd.core.rows.line import Logged, State, line_of, seen_once, states_of

__all__ = [
    "CALENDAR",
    "COLUMNS",
    "LARGEST",
    "Documents",
    "Logged",
    "Past",
    "Raw",
    "RowDecoder",
    "State",
    "calendars_named",
    "line_of",
    "past_of",
    "raw_calendar",
    "raw_row",
    "seen_once",
    "states_of",
]
