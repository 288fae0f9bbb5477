"""What people ask of single entries: list, pause, resume, trigger. Works from any host, without the files."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby
from operator import attrgetter
from uuid import uuid4

from beatd.config.settings import Settings
from beatd.core.firing import Moment, decide, in_force, next_moment, paused, resumed
from beatd.core.line import Compiled, renewed
from beatd.core.protocol import build_message
from beatd.core.record import Item, Pause, Reason, Record, Tracking
from beatd.core.settling import Rules
from beatd.errors import StoreError
from beatd.ports import Installation
from beatd.schedules.moments import iso
from beatd.wiring.drivers import State, open_broker, open_state

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
    """Return the entries of the store's set by name; ``name``: only that one. Raises StoreError where it is not."""
    with _opened(settings) as state:
        now = state.clock.now()
        lines = _lines(state, name)
        records = state.records.load(list(lines))
    views = [_view(each, line, records.get(each), now) for each, line in sorted(lines.items())]
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
    with _opened(settings) as state:
        lines = _lines(state, name)
        current = in_force(lines[name], state.records.load([name]).get(name))
        now = state.clock.now()
    entry = current.entry if current else None
    if entry is None:
        raise StoreError(f"entry {name!r} is quarantined, so there is nothing to send; `beatd check` tells why")
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
def _opened(settings: Settings) -> Iterator[State]:
    with closing(open_state(settings, create=False)) as state:
        yield state


def _lines(state: State, name: str | None) -> dict[str, tuple[Compiled, ...]]:
    """Return versions by name; raises StoreError where a name asked for is not there."""
    versions = state.definitions.load(names=None if name is None else [name])
    lines = {each: renewed((), group) for each, group in groupby(versions, key=attrgetter("name"))}
    if name is not None and (name not in lines or lines[name][-1].removed):
        raise _unknown(state, name)
    return lines


def require_state(state: State, namespace: str) -> Installation:
    """Return the namespace's state. Raises StoreError where there is none."""
    found = state.repairs.find()
    if found is None:
        raise StoreError(
            f"there is no state of namespace {namespace!r} in this store; `beatd run` makes it, and "
            "`beatd state init --from TIME` one that owes fires from then on"
        )
    return found


def require_name(state: State, name: str) -> None:
    """Raise StoreError, with the nearest name, where the store's set has no such entry."""
    _lines(state, name)


def _unknown(state: State, name: str) -> StoreError:
    near = get_close_matches(name, {version.name for version in state.definitions.load()}, 1)
    return StoreError(f"no entry named {name!r}" + (f"; did you mean {near[0]!r}?" if near else "; see `beatd list`"))


def _change(settings: Settings, name: str, change: Change) -> None:
    """Change a record as it is by compare-and-set, again where a scheduler was faster."""
    with _opened(settings) as state:
        line = _lines(state, name)[name]
        installed = state.definitions.install().since
        for _ in range(TRIES):
            now, seq = state.clock.now(), random.getrandbits(63)
            record = state.records.load([name]).get(name)
            current = None if record is None else in_force(line, record)
            if record is None or current is None:
                item = decide(name, line, record, Moment(now, seq, installed), Rules(settings.namespace, 0))
            else:
                item = change(record, current, now, seq)
            if item is None:
                break
            if state.records.step([item])[0].stored and record is not None:
                return
    raise StoreError(f"entry {name!r} could not be changed: its record moves too fast, or its version is unknown")


def _view(name: str, line: tuple[Compiled, ...], record: Record | None, now: int) -> EntryView | None:
    current = in_force(line, record)
    if current is None or current.removed:
        return None
    entry = current.entry
    return EntryView(
        name=name,
        task=entry.task if entry else "",
        schedule=entry.schedule if entry else "",
        timezone=entry.timezone if entry else "",
        queue=entry.queue if entry else "",
        enabled=entry.enabled if entry else True,
        state=_state(current, record),
        next_fire=None if record is None else next_moment(line, record, now),
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
