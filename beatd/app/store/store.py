"""The face of all places in which entries are edited."""

import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from difflib import get_close_matches
from itertools import islice
from typing import Any, Literal, Self, Unpack

from beatd.app.keywords import EntryChanges, EntryFields, Rule
from beatd.app.store.places import place_of
from beatd.clock import SystemClock
from beatd.core.calendars import NO_CALENDARS
from beatd.core.field_values import FieldError, named, shown
from beatd.core.rows.columns import EDITABLE
from beatd.core.rows.row import ScheduleRow, differences, placed
from beatd.core.rows.written import checked, invalid, is_text, written_as_far, written_fields
from beatd.errors import EntryConflictError, EntryExistsError, StoreError, UnknownEntryError
from beatd.schedules.composition.calendars import CalendarError, calendar_document, read_calendar
from beatd.schedules.durations import parse_duration
from beatd.schedules.moments import from_us
from beatd.stores.edits.port import Rows, Wanted

AT_ONCE = 500
"""Rows that are added with one statement, or looked at together."""

Put = Literal["added", "changed", "unchanged"]
Order = Literal["name", "next", "last"]
Expected = ScheduleRow | datetime | str
"""A row as it was read, its ``changed_at``, or its ``version``."""


class ScheduleStore:
    """Entries in a database or a TOML file, to be read and edited.

    ``target``: ``postgresql://…``, ``sqlite:///…``, or the path of a TOML file. ``connection``: in place of it one
    that you have already (SQLAlchemy's, Django's, a driver's own): what is done is part of its transaction, and
    committed by you.
    ``schema``: where on such a connection the tables are. ``timezone``: of entries that name none, as in the settings.
    ``create`` false: a database or file that is not there is an error. Safe to share between threads.
    """

    def __init__(
        self,
        target: str | os.PathLike[str] | None = None,
        *,
        connection: Any = None,
        namespace: str = "beatd",
        timezone: str = "UTC",
        schema: str | None = None,
        create: bool = True,
    ) -> None:
        self._place = place_of(target, connection, namespace, schema=schema, create=create, timezone=timezone)
        self._timezone = timezone
        self._held = threading.local()

    @property
    def name(self) -> str:
        """Where the entries are: the path, or the URL without its password."""
        return self._place.name

    def add(
        self,
        name: str,
        task: str,
        schedule: Rule | Sequence[Rule],
        *,
        check: bool = True,
        **fields: Unpack[EntryFields],
    ) -> ScheduleRow:
        """Add an entry and return its row.

        ``check`` false: take also what no scheduler can read, as an INSERT would. Raises InvalidEntryError naming the
        field, EntryExistsError.
        """
        written = _written(name, {"task": task, "schedule": schedule, **fields})
        with self._rows(writing=True) as rows:
            if check:
                self._check(rows, name, written)
            if rows.there([name]) or not rows.insert([(name, written)]):
                raise self._exists(name)
            return self._found(rows, name)

    def add_many(self, entries: Iterable[Mapping[str, Any]], *, check: bool = True) -> int:
        """Add entries, mappings of their fields with the name; return how many.

        In transactions of 500 each; within ``transaction()``, or on a connection of yours, in that one. Where one
        cannot be added, neither are the others of its transaction.
        """
        each, added = iter(entries), 0
        while several := [*islice(each, AT_ONCE)]:
            given = [_named(fields) for fields in several]
            with self._rows(writing=True) as rows:
                if check:
                    for name, written in given:
                        self._check(rows, name, written)
                names = [name for name, _ in given]
                twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
                for name in [*rows.there(names), *([twice] if twice is not None else [])]:
                    raise self._exists(name)
                if rows.insert(given) != len(given):
                    raise EntryExistsError(names[0], f"an entry of these was added meanwhile in {self.name}; try again")
            added += len(given)
        return added

    def get(self, name: str) -> ScheduleRow:
        """Return the row of an entry. Raises UnknownEntryError."""
        with self._rows(writing=False) as rows:
            return self._found(rows, name)

    def update(
        self, name: str, *, expected: Expected | None = None, check: bool = True, **fields: Unpack[EntryChanges]
    ) -> ScheduleRow:
        """Change fields of an entry and return its row; None puts one back to its default, others stay.

        ``expected``: the row as you read it; where it is another by now, EntryConflictError says what differs.
        """
        written = _written(name, fields)
        for key in ("task", "schedule"):
            if key in written and written[key] is None:
                raise invalid(name, FieldError(key, "has no default", "give one"))
        with self._rows(writing=True) as rows:
            found = self._expected(rows, name, expected)
            if check:
                self._check(rows, name, {**found.fields(), **written})
            return self._changed(rows, found, written)

    def remove(self, name: str, *, expected: Expected | None = None) -> ScheduleRow:
        """Remove an entry and return the row that it was. Raises UnknownEntryError, EntryConflictError."""
        with self._rows(writing=True) as rows:
            found = self._expected(rows, name, expected)
            if not rows.delete(found):
                raise self._conflict(found, rows.get(name))
            return found

    def put(self, fields: Mapping[str, Any], *, check: bool = True) -> Put:
        """Make an entry be just this, whether it is there or not; doing so again is no change.

        ``fields`` with its ``name``; what is not among them is default.
        """
        name, written = _named(fields)
        with self._rows(writing=True) as rows:
            if check:
                self._check(rows, name, written)
            found = rows.get(name, lock=True)
            if found is None:
                if not rows.insert([(name, written)]):
                    raise self._exists(name)
                return "added"
            changes = {key: latter for key, (_, latter) in differences(found.fields(), written).items()}
            if not changes:
                return "unchanged"
            self._changed(rows, found, changes)
            return "changed"

    def find(  # noqa: PLR0913  one keyword for each way to narrow
        self,
        *,
        tag: str | None = None,
        task: str | None = None,
        enabled: bool | None = None,
        errors: bool | None = None,
        due_within: float | timedelta | str | None = None,
        order: Order = "name",
        limit: int | None = None,
        after: ScheduleRow | str | None = None,
    ) -> Iterator[ScheduleRow]:
        """Return the rows in order, read page by page, so that a million need no more memory than a few.

        ``errors``: those that no scheduler can use, or that it can. ``due_within``: that fire within so long, as the
        scheduler last told. ``order``: by name, by the next fire, or the last fired first. ``after``: go on behind this
        row, or behind this name.
        """
        if order not in ("name", "next", "last"):
            raise ValueError(f"order={order!r}: give 'name', 'next' or 'last'")
        if limit is not None and limit < 0:
            raise ValueError(f"limit={limit}: give 0 or more")
        until = None if due_within is None else from_us(SystemClock().now() + parse_duration(due_within))
        wanted = {"tag": tag, "task": task, "enabled": enabled, "errors": errors, "next_before": until, "order": order}
        return (row for row, _ in self._pages(wanted, after, limit))

    def export(self, *names: str) -> Iterator[dict[str, Any]]:
        """Return entries as ``put`` takes them, all by name or those named, a file's [defaults] written into each."""
        if not names:
            wanted = dict.fromkeys(("tag", "task", "enabled", "errors", "next_before"))
            each = self._pages({**wanted, "order": "name"}, None, None)
        else:
            each = map(self._with_defaults, names)
        for row, defaults in each:
            yield {"name": row.name, **written_as_far(defaults), **row.fields()}

    def calendars(self) -> dict[str, dict[str, Any]]:
        """Return the calendars that ``exclude`` may name, as TOML has them; those that cannot be used are left out."""
        with self._rows(writing=False) as rows:
            return {name: calendar_document(found) for name, found in sorted(rows.calendars().good.items())}

    def put_calendar(self, name: str, document: Mapping[str, Any]) -> Put:
        """Make a calendar of a database be just this; doing so again is no change.

        ``document``: its keys as in a TOML file. Raises StoreError for one that cannot be used, and for files.
        """
        try:
            wanted = calendar_document(read_calendar(name, document))
        except CalendarError as error:
            raise StoreError(f"calendars.{named(name)}: {error}") from None
        with self._rows(writing=True) as rows:
            former = rows.calendars()
            there = name in former.good or name in former.broken
            if name in former.good and calendar_document(former.good[name]) == wanted:
                return "unchanged"
            rows.keep_calendar(name, wanted)
            return "changed" if there else "added"

    @contextmanager
    def transaction(self, *, dry_run: bool = False) -> Iterator[Self]:
        """Do all that this thread does within as one transaction, or one rewriting of the file.

        ``dry_run``: undo it at the end.
        """
        if getattr(self._held, "rows", None) is not None:
            raise RuntimeError("a transaction of this store is open already")
        with self._place.opened(writing=True) as rows:
            if dry_run:
                self._place.undo()
            self._held.rows = rows
            try:
                yield self
            finally:
                self._held.rows = None

    def close(self) -> None:
        """Close what this store opened; a connection of yours stays open."""
        self._place.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ScheduleStore({self.name!r})"

    @contextmanager
    def _rows(self, *, writing: bool) -> Iterator[Rows]:
        held = getattr(self._held, "rows", None)
        if held is not None:
            yield held
            return
        with self._place.opened(writing=writing) as rows:
            yield rows

    def _pages(
        self, wanted: Mapping[str, Any], after: ScheduleRow | str | None, limit: int | None
    ) -> Iterator[tuple[ScheduleRow, Mapping[str, Any]]]:
        left = limit
        if isinstance(after, str):
            after = self.get(after) if wanted["order"] != "name" else placed(after)
        while left is None or left > 0:
            size = self._place.page if left is None else min(left, self._place.page)
            with self._rows(writing=False) as rows:
                page = rows.page(Wanted(**wanted, after=after), size)
                defaults = [rows.defaults(row.name) for row in page]
            yield from zip(page, defaults, strict=True)
            if len(page) < size:
                return
            after, left = page[-1], None if left is None else left - size

    def _with_defaults(self, name: str) -> tuple[ScheduleRow, Mapping[str, Any]]:
        with self._rows(writing=False) as rows:
            return self._found(rows, name), rows.defaults(name)

    def _check(self, rows: Rows, name: str, written: Mapping[str, Any]) -> None:
        defaults = rows.defaults(name)
        excluded = written.get("exclude") or defaults.get("exclude")
        calendars = rows.calendars() if "calendar" in str(excluded).lower() else NO_CALENDARS
        checked(name, written, timezone=self._timezone, defaults=defaults, calendars=calendars)

    def _found(self, rows: Rows, name: str, *, lock: bool = False) -> ScheduleRow:
        found = rows.get(name, lock=lock)
        if found is None:
            near = get_close_matches(name, rows.near(name), 1)
            remedy = f"; did you mean {near[0]!r}?" if near else ""
            raise UnknownEntryError(name, f"no entry named {shown(name)} in {self.name}{remedy}")
        return found

    def _expected(self, rows: Rows, name: str, expected: Expected | None) -> ScheduleRow:
        if expected is None:
            return self._found(rows, name, lock=True)
        found = rows.get(name, lock=True)
        if found is None or not _is_version(found, expected):
            raise self._conflict(expected if isinstance(expected, ScheduleRow) else None, found, name)
        return found

    def _changed(self, rows: Rows, found: ScheduleRow, changes: Mapping[str, Any]) -> ScheduleRow:
        if changes and not rows.update(found, changes):
            raise self._conflict(found, rows.get(found.name))
        return self._found(rows, found.name)

    def _exists(self, name: str) -> EntryExistsError:
        return EntryExistsError(
            name, f"an entry named {shown(name)} is in {self.name} already; update it, or rename one"
        )

    def _conflict(self, former: ScheduleRow | None, current: ScheduleRow | None, name: str = "") -> EntryConflictError:
        name = former.name if former else name
        if current is None:
            return EntryConflictError(name, f"entry {shown(name)} was removed from {self.name} meanwhile", {})
        differs = {} if former is None else differences(former.fields(), current.fields())
        told = "; ".join(f"{key} was {shown(one)} and is {shown(other)}" for key, (one, other) in differs.items())
        when = f" at {current.version}" if current.changed_at else ""
        reason = f"entry {shown(name)} was changed meanwhile{when}" + (f": {told}" if told else "")
        return EntryConflictError(name, f"{reason}; read it again", differs)


def _named(fields: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    given = dict(fields)
    name = given.pop("name", None)
    if not is_text(name):
        raise invalid(name, FieldError("name", f"must be text, got {shown(name)}"))
    for key in ("task", "schedule"):
        if given.get(key) is None:
            raise invalid(name, FieldError(key, "is missing"))
    return name, {**dict.fromkeys(EDITABLE), **_written(name, given)}


def _written(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    # A name is text, whatever the check of entries says to it.
    if not is_text(name):
        raise invalid(name, FieldError("name", f"must be text, got {shown(name)}"))
    try:
        return written_fields(fields)
    except FieldError as error:
        raise invalid(name, error) from None


def _is_version(row: ScheduleRow, expected: Expected) -> bool:
    if isinstance(expected, datetime):
        return row.changed_at == expected
    return row.version == (expected.version if isinstance(expected, ScheduleRow) else expected)
