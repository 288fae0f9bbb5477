"""What people ask of single entries: list, pause, resume, trigger. Works from any host, without the files."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from uuid import uuid4

from beatd.clock import SystemClock
from beatd.config.settings import Settings
from beatd.config.urls import named_tables
from beatd.core.firing import Moment, decide, in_force, made, next_moment, paused, resumed
from beatd.core.line import Compiled, renewed
from beatd.core.protocol import build_message
from beatd.core.record import Item, Pause, Reason, Record, Tracking
from beatd.core.settling import Rules
from beatd.errors import StoreError
from beatd.ports import Installation
from beatd.scheduler.claims import Line
from beatd.schedules.moments import iso
from beatd.wiring.drivers import State, open_broker, open_state
from beatd.wiring.lines import Lines, line_of_tables, open_lines

TRIES = 20
NOTHING_TRACKED = Tracking()
Change = Callable[[Record, Compiled, int, int], Item]
"""(record, version in force, now, seq) → the item that changes the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One entry as people see it. Moments in microseconds; ``settled_to`` is the record's cursor."""

    name: str
    task: str
    schedule: str
    timezone: str
    queue: str
    enabled: bool
    state: str
    next_fire: int | None
    last_fire: int | None
    runs: int
    error: str | None = None
    pause: Pause | None = None
    tracking: Tracking = NOTHING_TRACKED
    settled_to: int | None = None
    source: str = "file"
    version: Compiled | None = None


def list_entries(settings: Settings, *, name: str | None = None) -> list[EntryView]:
    """Return the entries of the store's set by name; ``name``: only that one, also a row of a table.

    Raises StoreError where there is no such name.
    """
    with _opened(settings) as (state, lines):
        try:
            now, installed = state.clock.now(), _installed(state)
        except StoreError:
            # A row may be looked at before anything was run on it.
            if name is None or not named_tables(settings.schedule):
                raise
            now = SystemClock().now()
            view = _view(name, line_of_tables(settings, state, name), None, (now, now))
            return [] if view is None else [view]
        if name is not None:
            record = state.records.load([name]).get(name)
            found, records = {name: lines.one(name, record)}, {} if record is None else {name: record}
        else:
            found = _lines_of_set(state)
            records = state.records.load(list(found))
    views = [_view(each, line, records.get(each), (now, installed)) for each, line in sorted(found.items())]
    return [view for view in views if view is not None]


def pause_entry(settings: Settings, name: str, *, by: str, note: str) -> None:
    """Pause an entry: its fires end ``paused`` until it is resumed."""
    _change(settings, name, lambda record, _, now, seq: paused(name, record, Pause(by, now, note), seq))


def resume_entry(settings: Settings, name: str) -> None:
    """End an entry's pause. Raises StoreError where it is not paused."""

    def change(record: Record, current: Compiled, now: int, seq: int) -> Item:
        if record.pause is None:
            raise StoreError(f"entry {name!r} is not paused")
        return resumed(name, current, record, now, seq)

    _change(settings, name, change)


def trigger_entry(settings: Settings, name: str) -> str:
    """Send the entry's message now, beside its schedule; return the message's id."""
    with _opened(settings) as (state, lines):
        record = state.records.load([name]).get(name)
        current = _ruling(lines.one(name, record), record)
        now = state.clock.now()
    entry = current.entry if current else None
    if entry is None:
        why = current.version.error if current else None
        raise StoreError(f"entry {name!r} is quarantined, so there is nothing to send: {why or 'it cannot be read'}")
    message = build_message(
        id=str(uuid4()),
        task=entry.task,
        args=entry.args,
        kwargs=entry.kwargs,
        queue=entry.queue,
        priority=entry.priority,
        expires=None if entry.expires is None else now + entry.expires,
        time_limit=entry.time_limit,
        soft_time_limit=entry.soft_time_limit,
        headers={**entry.headers, "beatd_trigger": iso(now)},
        entry=name,
        fire_time=now,
    )
    with closing(open_broker(settings, create=False)) as broker:
        broker.sender.send(message)
    return message.id


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[State, Lines]]:
    with closing(open_state(settings, create=False)) as state, open_lines(settings, state) as lines:
        yield state, lines


def _lines_of_set(state: State) -> dict[str, Line]:
    return {each: renewed((), group) for each, group in groupby(state.definitions.load(), key=attrgetter("name"))}


def _installed(state: State) -> int:
    found = state.repairs.find()
    return 0 if found is None else found.since


def require_state(state: State, namespace: str) -> Installation:
    """Return the namespace's state. Raises StoreError where there is none."""
    found = state.repairs.find()
    if found is None:
        raise StoreError(
            f"there is no state of namespace {namespace!r} in this store; `beatd run` makes it, and "
            "`beatd state init --from TIME` one that owes fires from then on"
        )
    return found


def _change(settings: Settings, name: str, change: Change) -> None:
    """Change a record as it is by compare-and-set, again where a scheduler was faster."""
    with _opened(settings) as (state, lines):
        installed = state.definitions.install().since
        for _ in range(TRIES):
            record = state.records.load([name]).get(name)
            line = lines.one(name, record)
            now, seq = state.clock.now(), random.getrandbits(63)
            if record is None:
                item = made(name, line, Moment(now, seq, installed))
            elif record.removed:
                # The life that began after it is taken in first: nothing of the former one passes on to it.
                item = decide(name, line, record, Moment(now, seq, installed), Rules(settings.namespace, 0))
            else:
                current = in_force(line, record)
                item = None if current is None else change(record, current, now, seq)
            if item is None:
                break
            if state.records.step([item])[0].stored and record is not None and not record.removed:
                return
    raise StoreError(f"entry {name!r} could not be changed: its record moves too fast, or its version is unknown")


def _ruling(line: Line, record: Record | None) -> Compiled | None:
    """Return the version in force; of a name that came back, and was not taken in yet, the newest."""
    current = in_force(line, record)
    return line[-1] if current is None or current.removed else current


def _view(name: str, line: Line, record: Record | None, moment: tuple[int, int]) -> EntryView | None:
    """``moment``: (now, when the state began)."""
    current = _ruling(line, record)
    if current is None or current.removed:
        return None
    next_fire = next_moment(line, record, *moment) if record or current.of_row else None
    entry, record = current.entry, None if record is None or record.removed else record
    return EntryView(
        name=name,
        task=entry.task if entry else "",
        schedule=entry.schedule if entry else "",
        timezone=entry.timezone if entry else "",
        queue=entry.queue if entry else "",
        enabled=entry.enabled if entry else True,
        state=_state(current, record),
        next_fire=next_fire,
        last_fire=None if record is None or not record.runs else current.schedule.last_us(record.cursor + 1),
        runs=record.runs if record else 0,
        error=current.version.error or current.unreadable,
        pause=record.pause if record else None,
        tracking=(record.tracking if record else None) or NOTHING_TRACKED,
        settled_to=record.cursor if record else None,
        source=current.version.source,
        version=current,
    )


def _state(current: Compiled, record: Record | None) -> str:
    if current.version.error or current.unreadable:
        return "quarantined"
    if record is not None and record.pause is not None:
        return "paused"
    if record is not None and record.open is Reason.LIMIT_REACHED:
        return "limit_reached"
    return "ok" if current.entry is not None and current.entry.enabled else "disabled"
