"""Taking in a version: the record that it begins with, and what ends with the former one. Pure.

A version with a ``generation`` is that of a row, which each scheduler reads by itself; the others are of the set.
"""

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from beatd.core.line import Compiled
from beatd.core.record import Disposition, Item, Reason, Record


class Moment(msgspec.Struct, frozen=True, gc=False):
    """When and with what a decision is made; ``installed`` is when the namespace's state began.

    ``refused``: fires whose message the broker cannot take, and why.
    """

    now: int
    seq: int
    installed: int = 0
    refused: Mapping[int, str] = msgspec.field(default_factory=dict)


def blank(first: Compiled, moment: Moment) -> Record:
    """Return the record of a name that has none, as it was before its first version: all that this rules is owed."""
    since = beginning(first.version.changed_at, moment.now, moment.installed)
    generation = 1 if first.version.generation is None else first.version.generation
    return Record(seq=moment.seq, generation=generation, version=0, fingerprint=0, since=since, cursor=since)


def beginning(changed_at: int, now: int, installed: int) -> int:
    """Return the moment after which the first version of a name that has no record rules."""
    # A state that was made under a clock far ahead must not keep its entries waiting until then.
    return min(now, max(changed_at, installed))


def first_item(name: str, first: Compiled, moment: Moment) -> Item:
    """Return the item that makes the record of a name that has none."""
    begun = replace(blank(first, moment), version=first.number, fingerprint=first.version.fingerprint)
    record, dispositions = opened(name, first, begun)
    return Item(
        name=name,
        expected=None,
        record=record,
        dispositions=dispositions,
        takes_in=True,
        of_row=first.of_row,
        begins=begun.since,
    )


def take_in(name: str, former: Compiled, latter: Compiled, record: Record, edge: int, moment: Moment) -> Item:
    """Return the item that ends ``former`` and begins ``latter`` at the edge, or after the newest settled fire."""
    since = max(edge, record.cursor)
    held = record.tracking.held if record.tracking else None
    begins_anew = _begins_anew(latter, record)
    ends = latter.removed or begins_anew
    begun = Record(
        seq=moment.seq,
        generation=_generation(latter, record),
        version=latter.number,
        fingerprint=latter.version.fingerprint,
        since=since,
        cursor=since,
        runs=0 if begins_anew else record.runs,
        pause=None if ends else record.pause,
        removed=latter.removed,
        tracking=None if ends else record.tracking,
    )
    begun, dispositions = opened(name, latter, begun)
    return Item(
        name=name,
        expected=record.seq,
        record=begun,
        dispositions=dispositions,
        closes=closing(name, former, record, since),
        takes_in=True,
        of_row=latter.of_row,
        cancels=((held.id, "the entry was removed"),) if held is not None and ends else (),
        begins=since,
    )


def close_now(name: str, current: Compiled, record: Record, moment: Moment) -> Item:
    """Return the item that ends the open range now, its cause being gone: nothing in it is caught up."""
    at = max(moment.now, record.cursor)
    reopened, dispositions = opened(name, current, replace(record, open=None, cursor=at))
    takes_in = current.number != record.version
    return Item(
        name=name,
        expected=record.seq,
        record=replace(reopened, seq=moment.seq, version=current.number, fingerprint=current.version.fingerprint),
        dispositions=dispositions,
        closes=closing(name, current, record, at),
        takes_in=takes_in,
        of_row=takes_in and current.of_row,
        begins=record.cursor if takes_in else None,
    )


def opened(name: str, compiled: Compiled, record: Record) -> tuple[Record, tuple[Disposition, ...]]:
    """Open the one range whose cause lasts, if any, strictly after the record's cursor."""
    entry = compiled.entry
    reason = None
    if compiled.version.error is not None:
        reason = Reason.QUARANTINED
    elif compiled.removed:
        reason = None
    elif record.pause is not None:
        reason = Reason.PAUSED
    elif entry is not None and entry.max_runs is not None and record.runs >= entry.max_runs:
        reason = Reason.LIMIT_REACHED
    if reason is None:
        return record, ()
    opens = Disposition(name, record.generation, record.version, reason, record.cursor + 1, None, None)
    return replace(record, open=reason), (opens,)


def closing(name: str, compiled: Compiled, record: Record, at: int) -> Disposition | None:
    """Return what closes the record's open range at a moment, None where none is open."""
    if record.open is None:
        return None
    count = compiled.schedule.count_us(record.cursor, at) if compiled.entry else None
    return Disposition(name, record.generation, record.version, record.open, record.cursor + 1, at, count)


def _begins_anew(latter: Compiled, record: Record) -> bool:
    """Return whether a version begins a life of the name: nothing of the former one passes on to it."""
    if latter.removed:
        return False
    # A row may have been removed and made again where nobody wrote it down.
    return record.removed or (latter.of_row and latter.version.generation != record.generation)


def _generation(latter: Compiled, record: Record) -> int:
    if latter.version.generation is not None and not latter.removed:
        return latter.version.generation
    return record.generation + 1 if _begins_anew(latter, record) else record.generation
