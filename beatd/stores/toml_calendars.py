"""The calendars that TOML files define: every file of a folder may name those of the others."""

from collections.abc import Iterable

from beatd.core.calendars import Calendars, read_calendars
from beatd.core.document import Document
from beatd.core.field_values import named
from beatd.errors import DefinitionError
from beatd.schedules.composition.calendars import CalendarError


def calendars_of(documents: Iterable[Document]) -> Calendars:
    """Return the calendars of all these files. Raises DefinitionError where two have one name."""
    owners: dict[str, Document] = {}
    for document in documents:
        for name in document.data.get("calendars", {}):
            former = owners.setdefault(name, document)
            if former is not document:
                reason = f"calendars.{named(name)}: is already defined at {former.at('calendars', name)}"
                raise DefinitionError(document.at("calendars", name), reason, "rename one of them, or remove it")
    tables = {name: document.data["calendars"][name] for name, document in owners.items()}
    return read_calendars(tables, lambda name, error: _sentence(owners[name], name, error))


def _sentence(document: Document, name: str, error: CalendarError) -> str:
    """Return ``file:line: path: reason`` where the wrong key stands."""
    keys = [error.key] if error.key else []
    path = ".".join(named(key) for key in ("calendars", name, *keys))
    return str(DefinitionError(document.at("calendars", name, *keys), f"{path}: {error.reason}"))
