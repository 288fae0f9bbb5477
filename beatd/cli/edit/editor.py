"""An entry as TOML in a person's editor."""

import os
import tempfile
from typing import Any

import click

from beatd.app.store.store import ScheduleStore
from beatd.core.field_values import shown
from beatd.core.rows.columns import EDITABLE
from beatd.core.rows.row import ScheduleRow
from beatd.core.toml_text import read_document
from beatd.errors import BeatdError, DefinitionError, InvalidEntryError
from beatd.stores.edits.toml_text import table_text

_PLACE = "the entry"
_HEAD = "# {place}: what is left out has its default. Leave it as it is, or empty, and nothing changes.\n"


def edited(store: ScheduleStore, row: ScheduleRow) -> ScheduleRow:
    """Return the row as it is after somebody edited it. Raises BeatdError; what they wrote is kept in a file then."""
    text = _HEAD.format(place=store.name) + table_text(row.name, row.fields())
    while True:
        written = click.edit(text, extension=".toml", require_save=True)
        if written is None or not _without_comments(written) or written == text:
            return row
        text = written
        try:
            fields = _fields(written, row.name)
            return store.update(row.name, expected=row, **{**dict.fromkeys(_given(row)), **fields})
        except (InvalidEntryError, DefinitionError) as error:
            click.echo(f"error: {error}", err=True)
            if not click.confirm("edit it again?", default=True, err=True):
                raise _kept(error, written) from error
        except BeatdError as error:
            raise _kept(error, written) from error


def _given(row: ScheduleRow) -> list[str]:
    return [key for key in row.fields() if key not in ("task", "schedule")]


def _fields(text: str, name: str) -> dict[str, Any]:
    data = read_document(text.encode(), _PLACE).data
    found = data.get("schedules", {})
    if [*data] != ["schedules"] or [*found] != [name] or not isinstance(found[name], dict):
        hint = "a name cannot be changed: remove the entry and add another"
        raise DefinitionError(_PLACE, f"must be one table, [schedules.NAME] for {shown(name)}", hint)
    fields: dict[str, Any] = found[name]
    unknown = [key for key in fields if key not in EDITABLE]
    if unknown:
        raise DefinitionError(_PLACE, f"there is no field {shown(unknown[0])}")
    return fields


def _without_comments(text: str) -> str:
    return "".join(line for line in text.splitlines() if not line.lstrip().startswith("#")).strip()


def _kept(error: Exception, text: str) -> BeatdError:
    handle, path = tempfile.mkstemp(prefix="beatd-edit-", suffix=".toml")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return BeatdError(f"{error}; what you wrote is in {path}")
