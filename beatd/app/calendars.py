"""The calendars that apps define, for every entry that the same code declares."""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from beatd.core.calendars import Calendars, read_calendars
from beatd.core.field_values import shown
from beatd.errors import CallError, SettingsError

if TYPE_CHECKING:
    from beatd.app.app import App


def checked_tables(calendars: Any) -> dict[str, Any]:
    """Return what ``App(calendars=...)`` was given, its tables not yet read. Raises SettingsError."""
    if calendars is None:
        return {}
    if not isinstance(calendars, Mapping):
        remedy = 'write calendars={"office": {"closed": ["sat", "sun"]}}'
        raise SettingsError("App(calendars=...)", f"must be tables by name, got {shown(calendars)}", remedy)
    return dict(calendars)


def calendars_of(apps: Sequence["App"]) -> Calendars:
    """Return the calendars of ``App(calendars=...)``, with a warning for each that cannot be used.

    Raises CallError where two differ under one name.
    """
    found = survey_calendars(apps)
    for reason in found.broken.values():
        warnings.warn(f"a calendar cannot be used: {reason}", stacklevel=2)
    return found


def survey_calendars(apps: Sequence["App"]) -> Calendars:
    """Return the calendars of ``App(calendars=...)``, and of each that cannot be used what is wrong with it.

    Raises CallError where two differ under one name.
    """
    tables: dict[str, Any] = {}
    for app in apps:
        for name, table in app.calendars.items():
            if tables.setdefault(name, table) != table:
                raise CallError(f"two apps define the calendar {name!r} in two ways; rename one of them")
    return read_calendars(tables, lambda name, error: f"{_place(name, error.key)}: {error.reason}")


def _place(name: str, key: str) -> str:
    return f"App(calendars=...)[{name!r:.80}]" + (f"[{key!r}]" if key else "")
