"""The entries of beatd's own TOML files, to be put into a database."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from beatd.app.importing.imported import Found, Imported, LeftOut
from beatd.core.document import Document
from beatd.core.entry import Draft
from beatd.core.field_values import named
from beatd.schedules.composition.calendars import calendar_document
from beatd.stores.toml import TomlSource
from beatd.stores.toml_calendars import calendars_of
from beatd.stores.toml_files import read_toml, toml_files


def read_toml_entries(path: str, *, timezone: str) -> Found:
    """Return the entries of a file or a folder, [defaults] written into each; what is wrong stays behind, and is told.

    ``timezone``: of the settings. Raises DefinitionError where nothing can be read.
    """
    documents = [read_toml(file) for file in toml_files(Path(path))]
    drafts, wrong = TomlSource(path, timezone=timezone).survey()
    found = Found(left_out=[LeftOut(place=path, what=path, reason=reason, wrong=True) for reason in wrong])
    tables = calendars_of(documents).good if not wrong else {}
    found.calendars |= {name: calendar_document(calendar) for name, calendar in tables.items()}
    good = {(draft.name, draft.place) for draft in drafts if draft.entry is not None}
    found.left_out += (_left_out(draft) for draft in drafts if draft.entry is None)
    for document in documents:
        found.entries += (entry for entry in _entries(document) if (entry.name, entry.place) in good)
    found.notes += _notes(documents)
    return found


def _left_out(draft: Draft) -> LeftOut:
    """Return it with the place that the error names: it is nearer than the beginning of the entry's table."""
    file, said = draft.place.rpartition(":")[0], draft.error or "cannot be read"
    placed = re.match(rf"({re.escape(file)}:[0-9]+): (.*)", said, re.DOTALL)
    place, reason = placed.groups() if placed else (draft.place, said)
    path = re.match(rf"schedules\.{re.escape(named(draft.name))}(?:\.|: )", reason)
    return LeftOut(place=place, what=draft.name, reason=reason[path.end() :] if path else reason, wrong=True)


def _entries(document: Document) -> Iterator[Imported]:
    defaults: Mapping[str, Any] = document.data.get("defaults", {})
    zone = document.data.get("beatd", {}).get("timezone")
    beneath = {**({} if zone is None else {"timezone": zone}), **defaults}
    for name, raw in document.data.get("schedules", {}).items():
        if isinstance(raw, Mapping):
            fields = {key: value for key, value in {**beneath, **raw}.items() if key != "name"}
            yield Imported(name=name, place=document.at("schedules", name), fields=fields)


def _notes(documents: list[Document]) -> Iterator[str]:
    for document in documents:
        if document.data.get("beatd", {}).keys() - {"timezone"}:
            yield f"{document.at('beatd')}: [beatd] stays in its file: a table of entries holds no settings"
