"""When does it fire? Pure: no I/O, no clock, no logging."""

from beatd.schedules.at import at
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.text import parse
from beatd.schedules.values import crontab, every, solar

__all__ = ["Schedule", "Terms", "at", "crontab", "every", "parse", "solar"]
