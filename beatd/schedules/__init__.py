"""When does it fire? Pure: no I/O, no clock, no logging."""

from typing import TYPE_CHECKING, Any

from beatd.schedules.at import at
from beatd.schedules.base import Schedule, Terms
from beatd.schedules.values import crontab, every, solar

if TYPE_CHECKING:
    from beatd.schedules.text import parse

__all__ = ["Schedule", "Terms", "at", "crontab", "every", "parse", "solar"]


def __getattr__(name: str) -> Any:
    """Import ``parse`` when it is first used: all kinds of rules come with it, and who only runs tasks reads none."""
    if name != "parse":
        raise AttributeError(f"module 'beatd.schedules' has no attribute {name!r}")
    from beatd.schedules.text import parse

    globals()[name] = parse
    return parse
