"""The entries of tables that fire next: of few rows all, of many those that a scheduler last told to be the next."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from heapq import heappush, heappushpop
from itertools import islice

from beatd.app.store.store import AT_ONCE, ScheduleStore
from beatd.cli.listing.tables import Records, open_tables
from beatd.config.settings import Settings
from beatd.core.calendars import Calendars
from beatd.core.entry import Entry
from beatd.core.field_values import FieldError
from beatd.core.fields import compile_entry, decode_entry
from beatd.core.rows.row import ScheduleRow
from beatd.errors import BeatdError
from beatd.schedules.composition.calendars import read_calendar
from beatd.schedules.moments import to_us

LOOKED_AT = 10_000
"""Rows of a table that are read for one answer."""


def entries_of_tables(settings: Settings, since: int, count: int | None) -> list[Entry]:
    """Return entries among which are all that have one of the next ``count`` fires after ``since``.

    ``count`` None: all entries are wanted, or the moment is a later one. Raises BeatdError where a table has too many
    rows for that. Rows that are paused or cannot be used are left out.
    """
    with ExitStack() as stack:
        found: list[Entry] = []
        records = Records(settings, stack)
        for store in open_tables(settings, stack, own=not settings.schedule and not settings.app):
            reader = _Reader(store, records, settings)
            rows = [*islice(store.find(enabled=True), LOOKED_AT + 1)]
            if len(rows) <= LOOKED_AT:
                found += reader.entries(rows)
            elif count is not None:
                found += reader.first(since, count)
            else:
                raise BeatdError(f"{store.name} has more than {LOOKED_AT} rows: name those that matter: --entry NAME")
    return found


class _Reader:
    """Reads rows of one table as entries."""

    def __init__(self, store: ScheduleStore, records: Records, settings: Settings) -> None:
        self._store = store
        self._records = records
        self._settings = settings
        documents = store.calendars()
        self._calendars = Calendars({name: read_calendar(name, each) for name, each in documents.items()})

    def first(self, since: int, count: int) -> Iterator[Entry]:
        """Yield the entries of the rows that are told to fire first, until no other can have a fire among them."""
        fires: list[int] = []
        rows = islice(self._store.find(enabled=True, errors=False, order="next"), LOOKED_AT)
        while page := [*islice(rows, AT_ONCE)]:
            for entry in self.entries(page):
                _keep(fires, compile_entry(entry).next_us(since), count)
                yield entry
            told = page[-1].next_fire_at
            # What a row fires next is never before what was told of it.
            if told is None or (len(fires) == count and to_us(told) > -fires[0]):
                return

    def entries(self, rows: Sequence[ScheduleRow]) -> Iterator[Entry]:
        """Yield the entries of rows that are neither paused nor wrong."""
        records = self._records.load([row.name for row in rows])
        for row in rows:
            record = records.get(row.name)
            if record is not None and record.pause is not None:
                continue
            try:
                yield self._entry(row)
            except FieldError:
                continue

    def _entry(self, row: ScheduleRow) -> Entry:
        given = {"timezone": self._settings.timezone, "queue": self._settings.queue}
        return decode_entry(row.name, row.fields(), {}, **given, calendars=self._calendars)


def _keep(fires: list[int], fire: int | None, count: int) -> None:
    """Keep the earliest fires, the latest of them first."""
    if fire is not None:
        if len(fires) < count:
            heappush(fires, -fire)
        else:
            heappushpop(fires, -fire)
