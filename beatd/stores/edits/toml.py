"""Entries of a TOML file, or of the files of a folder."""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from beatd.core.calendars import Calendars
from beatd.core.compiling import compile_entry
from beatd.core.field_values import named
from beatd.core.fields import decode_entry
from beatd.core.rows.row import ScheduleRow, same
from beatd.core.rows.written import written_as_far
from beatd.core.toml_text import read_document
from beatd.errors import DefinitionError, EntryConflictError, StoreError
from beatd.schedules.moments import from_us
from beatd.stores.edits.port import Wanted
from beatd.stores.edits.toml_file import alone, read, replace
from beatd.stores.edits.toml_text import TomlText, by_hand, without_null
from beatd.stores.toml_calendars import calendars_of
from beatd.stores.toml_files import toml_files

Now = Callable[[], int]


class TomlPlace:
    """A file, or a folder of which each file's entries are edited where they are."""

    page = sys.maxsize
    """All at a time, for any page takes reading the files as a whole."""

    def __init__(self, path: str, *, create: bool, timezone: str, now: Now) -> None:
        self.name = path
        self._path = Path(path)
        self._create = create
        self._timezone = timezone
        self._now = now
        self._undo = False

    @contextmanager
    def opened(self, *, writing: bool) -> Iterator["TomlRows"]:
        """Read the files; at the end those that were changed are written, each as a whole."""
        self._undo = False
        folder = self._path if self._path.is_dir() else Path(os.path.realpath(self._path)).parent
        with alone(folder) if writing else nullcontext():
            files = {path: self._content(path) for path in toml_files(self._path)}
            rows = TomlRows({path: TomlText(content or b"", str(path)) for path, content in files.items()}, self)
            yield rows
            if writing and not self._undo:
                for path in rows.changed:
                    _write(path, rows.texts[path], files[path])

    def undo(self) -> None:
        """Write nothing at the end."""
        self._undo = True

    def close(self) -> None:
        """Do nothing: no file is open."""

    def _content(self, path: Path) -> bytes | None:
        content = read(path)
        if content is None and not self._create:
            raise DefinitionError(str(path), "no such file", "`beatd init` writes one to begin with")
        return content

    def row(self, name: str, raw: Any, defaults: Mapping[str, Any], calendars: Calendars) -> ScheduleRow:
        """Return an entry as a row; ``next_fire_at`` is what it names after now."""
        known: dict[str, Any] = {}
        error = next_fire = None
        if isinstance(raw, Mapping):
            known = written_as_far(raw)
            try:
                entry = decode_entry(name, raw, defaults, timezone=self._timezone, queue="celery", calendars=calendars)
                next_fire = compile_entry(entry).next_us(self._now())
            except ValueError as mistake:
                error = str(mistake)
        else:
            error = "must be a table"
        return ScheduleRow(
            **{"task": "", "schedule": "", **known},
            name=name,
            version=_digest(raw),
            next_fire_at=None if next_fire is None else from_us(next_fire),
            error=error,
        )


class TomlRows:
    """The entries of files as they were read, and the texts that come of edits."""

    def __init__(self, texts: Mapping[Path, TomlText], place: TomlPlace) -> None:
        self.texts = texts
        self.changed: dict[Path, None] = {}
        self._place = place
        self._calendars: Calendars | None = None

    def get(self, name: str, *, lock: bool = False) -> ScheduleRow | None:  # noqa: ARG002  the folder is locked
        """Return an entry's row."""
        found = self._of(name)
        return None if found is None else self._row(found, name)

    def there(self, names: Sequence[str]) -> list[str]:
        """Return those of these names that are there."""
        return [name for name in names if self._of(name) is not None]

    def near(self, name: str) -> list[str]:  # noqa: ARG002  none is far
        """Return all names."""
        return [name for text in self.texts.values() for name in text.entries]

    def insert(self, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
        """Add entries at the end of the file."""
        if len(self.texts) != 1 or self._place.name != str(path := next(iter(self.texts))):
            raise StoreError(f"{self._place.name} is a folder; name the file of it that the entry goes to")
        for name, fields in rows:
            given = {key: without_null(name, key, value) for key, value in fields.items() if value is not None}
            self.texts[path].add(name, given)
            self.changed[path] = None
        return len(rows)

    def update(self, row: ScheduleRow, fields: Mapping[str, Any]) -> bool:
        """Change keys of an entry."""
        path = self._as_read(row)
        if path is None:
            return False
        if not isinstance(self.texts[path].entries[row.name], Mapping):
            raise StoreError(f"{path}: schedules.{named(row.name)} is no table; edit the file")
        changes = {key: None if value is None else without_null(row.name, key, value) for key, value in fields.items()}
        self.texts[path].change(row.name, changes)
        self.changed[path] = None
        return True

    def delete(self, row: ScheduleRow) -> bool:
        """Remove an entry."""
        path = self._as_read(row)
        if path is None:
            return False
        self.texts[path].remove(row.name)
        self.changed[path] = None
        return True

    def page(self, wanted: Wanted, limit: int) -> list[ScheduleRow]:
        """Return the next rows; the last fires are not known."""
        found = sorted(self._rows(wanted), key=lambda row: _key(row, wanted.order))
        if wanted.after is not None:
            behind = _key(wanted.after, wanted.order)
            found = [row for row in found if _key(row, wanted.order) > behind]
        return found[:limit]

    def calendars(self) -> Calendars:
        """Return those that the files define."""
        if self._calendars is None:
            self._calendars = calendars_of(text.document for text in self.texts.values())
        return self._calendars

    def keep_calendar(self, name: str, document: Mapping[str, Any]) -> None:  # noqa: ARG002  refused
        """Refuse: calendars of a file are written by hand."""
        raise StoreError(f"{self._place.name}: write [calendars.{named(name)}] into the file by hand")

    def defaults(self, name: str) -> Mapping[str, Any]:
        """Return the [defaults] of the file that holds an entry."""
        path = self._of(name) or next(iter(self.texts))
        found: Mapping[str, Any] = self.texts[path].document.data.get("defaults", {})
        return found

    def _rows(self, wanted: Wanted) -> Iterator[ScheduleRow]:
        for path, text in self.texts.items():
            for name in text.entries:
                row = self._row(path, name)
                if wanted.fits(row):
                    yield row

    def _row(self, path: Path, name: str) -> ScheduleRow:
        return self._place.row(name, self.texts[path].entries[name], self.defaults(name), self.calendars())

    def _as_read(self, row: ScheduleRow) -> Path | None:
        """Return the file that has this version of an entry, None where it is another by now."""
        path = self._of(row.name)
        return path if path is not None and _digest(self.texts[path].entries[row.name]) == row.version else None

    def _of(self, name: str) -> Path | None:
        return next((path for path, text in self.texts.items() if name in text.entries), None)


def _write(path: Path, text: TomlText, former: bytes | None) -> None:
    """Write a file, if what was edited reads as it should and nobody else has changed it meanwhile."""
    content = text.content()
    expected = {**text.document.data, "schedules": text.entries}
    try:
        found = read_document(content, str(path)).data
    except DefinitionError as error:
        raise by_hand(str(path)) from error
    if not same({"schedules": {}, **found}, expected):
        raise by_hand(str(path))
    if read(path) != former:
        raise EntryConflictError("", f"{path} was changed by somebody else meanwhile; try again", {})
    replace(path, content)


_NEVER = datetime.max.replace(tzinfo=UTC)


def _key(row: ScheduleRow, order: str) -> tuple[datetime, str]:
    return (row.next_fire_at or _NEVER) if order == "next" else _NEVER, row.name


def _digest(raw: Any) -> str:
    return hashlib.sha256(json.dumps(raw, sort_keys=True, default=str).encode()).hexdigest()[:16]
