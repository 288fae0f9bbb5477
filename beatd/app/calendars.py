"""The calendars that apps define, for every entry that the same code declares."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from beatd.core.calendars import Calendars, read_calendars
from beatd.errors import CallError

if TYPE_CHECKING:
    from beatd.app.app import App


def calendars_of(apps: Sequence["App"]) -> Calendars:
    """Return the calendars of ``App(calendars=...)``, with a warning for each that cannot be used.

    Raises CallError where two differ under one name.
    """
    tables: dict[str, Any] = {}
    for app in apps:
        for name, table in app.calendars.items():
            if tables.setdefault(name, table) != table:
                raise CallError(f"two apps define the calendar {name!r} in two ways; rename one of them")
    found = read_calendars(tables, lambda name, error: f"{_place(name, error.key)}: {error.reason}")
    for reason in found.broken.values():
        warnings.warn(f"a calendar cannot be used: {reason}", stacklevel=2)
    return found


def _place(name: str, key: str) -> str:
    return f"App(calendars=...)[{name!r:.80}]" + (f"[{key!r}]" if key else "")
