"""What is asked for, out of the set and the tables, in order and page by page."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from heapq import merge
from itertools import islice

import click

from beatd.app.store.store import AT_ONCE, ScheduleStore
from beatd.cli.listing.asked import Asked
from beatd.cli.listing.failing import failing_names
from beatd.cli.listing.tables import Records, open_tables, views_of
from beatd.clock import SystemClock
from beatd.config.settings import Settings
from beatd.config.urls import is_url
from beatd.core.rows.row import ScheduleRow, placed
from beatd.core.urls import masked
from beatd.errors import BeatdError, StoreError, UnknownEntryError
from beatd.schedules.moments import from_us
from beatd.stores.edits.port import Wanted
from beatd.wiring.entries import EntryView, list_entries


class Found:
    """The entries that are asked for.

    ``broken``: whether a source could not be read, which was told; ``elsewhere``: where no database is named, other
    tables than the broker's own that schedulers read.
    """

    def __init__(self, settings: Settings, asked: Asked, stack: ExitStack) -> None:
        self.broken = False
        self._settings = settings
        self._asked = asked
        self._stores = open_tables(settings, stack)
        self._records = Records(settings, stack)
        self._set = self._views_of_set()
        self.elsewhere = self._tables_elsewhere()
        self._failing = self._names_that_fail() if asked.failing else None

    def __iter__(self) -> Iterator[EntryView]:
        """Yield them in order."""
        behind = self._behind()
        each: list[Iterable[EntryView]] = [sorted(self._of_set(), key=self._asked.key)]
        each += [self._told(self._of_table(store, behind)) for store in self._stores]
        for view in merge(*each, key=self._asked.key):
            if behind is None or self._asked.key(view) > self._asked.key_of_row(behind):
                yield view

    def _tables_elsewhere(self) -> list[str]:
        if any(map(is_url, self._settings.schedule)):
            return []
        own = masked(self._settings.broker)
        return [name for name in self._records.names_of_tables() if name != own]

    def _views_of_set(self) -> list[EntryView]:
        try:
            return list_entries(self._settings)
        except StoreError:
            # A table may be looked at before anything was run on it.
            if any(map(is_url, self._settings.schedule)):
                return []
            raise

    def _of_set(self) -> Iterator[EntryView]:
        now = SystemClock().now()
        for view in self._set:
            fails = self._failing is None or view.tracking.failures > 0 or view.name in self._failing
            if fails and self._asked.wants(view, now):
                yield view

    def _of_table(self, store: ScheduleStore, behind: ScheduleRow | None) -> Iterator[EntryView]:
        rows = self._rows(store, behind)
        while page := [*islice(rows, AT_ONCE)]:
            for view in views_of(store, page, self._records, self._settings):
                if view.pause is not None or not self._asked.paused:
                    yield view

    def _rows(self, store: ScheduleStore, behind: ScheduleRow | None) -> Iterator[ScheduleRow]:
        asked = self._asked
        if self._failing is not None:
            return iter(sorted(self._failing_rows(store, self._failing), key=asked.key_of_row))
        within = None if asked.due_within is None else asked.due_within / 1_000_000
        return store.find(
            tag=asked.tag,
            task=asked.task,
            errors=asked.errors or None,
            due_within=within,
            order=asked.sort,
            after=behind,
        )

    def _failing_rows(self, store: ScheduleStore, names: Iterable[str]) -> Iterator[ScheduleRow]:
        asked = self._asked
        until = None if asked.due_within is None else from_us(SystemClock().now() + asked.due_within)
        wanted = Wanted(tag=asked.tag, task=asked.task, errors=asked.errors or None, next_before=until)
        for name in names:
            try:
                row = store.get(name)
            except UnknownEntryError:
                continue
            if wanted.fits(row):
                yield row

    def _told(self, views: Iterator[EntryView]) -> Iterator[EntryView]:
        """Yield what a table has; where it cannot be read, tell so and let the others be listed."""
        try:
            yield from views
        except BeatdError as error:
            self.broken = True
            click.echo(f"error: {error}", err=True)

    def _names_that_fail(self) -> list[str]:
        state = self._records.state
        return [] if state is None else failing_names(state.history)

    def _behind(self) -> ScheduleRow | None:
        """Return where the entry stands behind which to begin. Raises StoreError where it is not there any more."""
        name = self._asked.after
        if name is None:
            return None
        if self._asked.sort == "name":
            return placed(name)
        for view in self._set:
            if view.name == name:
                next_fire, last_fire = (None if at is None else from_us(at) for at in (view.next_fire, view.last_fire))
                return placed(name, next_fire_at=next_fire, last_fire_at=last_fire)
        for store in self._stores:
            try:
                return store.get(name)
            except UnknownEntryError:
                continue
        raise StoreError(f"no entry named {name!r}, so nothing comes behind it in this order")
