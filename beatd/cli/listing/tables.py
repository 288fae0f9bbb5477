"""The tables of entries that the settings name, or the broker's own database; rows as entries of a list."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

from beatd.app.store.store import ScheduleStore
from beatd.cli.health import tables_told
from beatd.config.settings import Settings
from beatd.config.urls import has_tables, named_tables
from beatd.core.record import Reason, Record, Tracking
from beatd.core.rows.row import ScheduleRow
from beatd.errors import StoreError
from beatd.schedules.moments import to_us
from beatd.wiring.drivers import State, open_state
from beatd.wiring.entries import NOTHING_TRACKED, EntryView


def open_tables(settings: Settings, stack: ExitStack, *, own: bool = True) -> list[ScheduleStore]:
    """Return the tables of the databases that are named as sources, to be closed with ``stack``.

    ``own``: where none is named the broker's own, if it is a database and has one with rows.
    """
    if named := named_tables(settings.schedule):
        return [_opened(url, settings, stack) for url in named]
    if not own or not has_tables(settings.broker):
        return []
    try:
        store = _opened(settings.broker, settings, stack)
        return [store] if [*store.find(limit=1)] else []
    except StoreError:
        return []  # it is not there, or not made for entries yet


def _opened(url: str, settings: Settings, stack: ExitStack) -> ScheduleStore:
    store = ScheduleStore(url, namespace=settings.namespace, timezone=settings.timezone, create=False)
    return stack.enter_context(store)


class Records:
    """The records of entries, where there is a state that holds some."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self.state: State | None = open_state(settings, create=False)
        stack.callback(self.state.close)

    def load(self, names: Sequence[str]) -> Mapping[str, Record]:
        """Return the records of these names."""
        if self.state is None:
            return {}
        try:
            return self.state.records.load(names)
        except StoreError:
            # Nothing was ever run on it: then nothing is paused.
            self.state = None
            return {}

    def names_of_tables(self) -> list[str]:
        """Return the names of the tables that schedulers read."""
        if self.state is None:
            return []
        try:
            return [str(table["name"]) for table in tables_told(self.state.leases.holders(), self.state.clock.now())]
        except StoreError:
            return []


def views_of(
    store: ScheduleStore, rows: Sequence[ScheduleRow], records: Records, settings: Settings
) -> Iterator[EntryView]:
    """Yield rows as entries; pauses are those of the records, moments what a scheduler last wrote into the row."""
    known = records.load([row.name for row in rows])
    for row in rows:
        record = known.get(row.name)
        if record is not None and record.removed:
            record = None
        yield EntryView(
            name=row.name,
            task=row.task,
            schedule=row.schedule,
            timezone=row.timezone or settings.timezone,
            queue=row.queue or settings.queue,
            enabled=row.enabled,
            state=_state(row, record),
            next_fire=None if row.next_fire_at is None else to_us(row.next_fire_at),
            last_fire=None if row.last_fire_at is None else to_us(row.last_fire_at),
            runs=row.run_count,
            error=row.error,
            pause=None if record is None else record.pause,
            tracking=_tracking(record),
            settled_to=None if record is None else record.cursor,
            source=store.name,
        )


def _tracking(record: Record | None) -> Tracking:
    return NOTHING_TRACKED if record is None or record.tracking is None else record.tracking


def _state(row: ScheduleRow, record: Record | None) -> str:
    if row.error:
        return "quarantined"
    if record is not None and record.pause is not None:
        return "paused"
    if record is not None and record.open is Reason.LIMIT_REACHED:
        return "limit_reached"
    return "ok" if row.enabled else "disabled"
