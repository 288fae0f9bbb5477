"""What to do with one entry now: the firing rules as pure functions of versions, record and moment.

The protocol is told in ``docs/firing.md``. Nothing here reads a clock or a store; ``seq`` is drawn by the caller.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from beatd.core.entry import Version
from beatd.core.line import Compiled, owns_otherwise
from beatd.core.overlap import held_until, let_go
from beatd.core.record import Disposition, Item, Pause, Reason, Record
from beatd.core.settling import Rules, forwarded, next_owed, settle
from beatd.schedules.bounds import NEVER


class Moment(msgspec.Struct, frozen=True, gc=False):
    """When and with what a decision is made; ``installed`` is when the namespace's state began.

    ``refused``: fires whose message the broker cannot take, and why.
    """

    now: int
    seq: int
    installed: int = 0
    refused: Mapping[int, str] = msgspec.field(default_factory=dict)


def decide(name: str, line: Sequence[Compiled], record: Record | None, moment: Moment, rules: Rules) -> Item | None:
    """Return the entry's next item, or None where there is nothing to do now.

    Versions are taken in one after another, none left out: first what the former owed up to the change is settled.
    """
    if record is None:
        return _first(name, line, moment)
    current = _at(line, record.version)
    if current is None or _unreadable(line, record):
        return None
    wait_ends = _held_until(line, record)
    if wait_ends is not None and wait_ends <= moment.now:
        return let_go(name, record, moment.now, moment.seq)
    for following in _after(line, record):
        if owns_otherwise(current, following):
            edge = min(following.version.changed_at, moment.now)
            owed = settle(name, current, record, (edge, moment.now, moment.seq, moment.refused), rules)
            return owed or _take_in(name, current, following, record, edge, moment)
        current = following
    if _limit_was_raised(current, record):
        return _close_limit(name, current, record, moment)
    return settle(name, current, record, (moment.now, moment.now, moment.seq, moment.refused), rules)


def forward(
    name: str, line: Sequence[Compiled], record: Record | None, moment: Moment, upto: tuple[int, str]
) -> Item | None:
    """Return the item that ends the oldest part of what is owed up to a moment as ``forwarded``, None where nothing is.

    ``upto``: (the moment, the reason that a person gave). Versions that began by then are taken in, one after another.
    """
    until, note = upto
    if record is None:
        item = _first(name, line, moment)
        return item if item is not None and item.record.since < until else None
    current = _at(line, record.version)
    if current is None or _unreadable(line, record):
        return None
    for following in _after(line, record):
        if owns_otherwise(current, following):
            edge = min(following.version.changed_at, moment.now)
            if edge > until:
                break
            owed = forwarded(name, current, record, (edge, moment.seq, note))
            return owed or _take_in(name, current, following, record, edge, moment)
        current = following
    return forwarded(name, current, record, (until, moment.seq, note))


def succeed_lost(name: str, line: Sequence[Compiled], record: Record, moment: Moment) -> Item | None:
    """Return the item that takes in the version after one that the store has lost; None where none is known.

    What the lost version owed is one range ``unknown``, unless an open range covers it.
    """
    following = next(_after(line, record), None)
    if following is None or _unreadable(line, record):
        return None
    lost = Version(
        name=name, number=record.version, changed_at=record.since, fingerprint=record.fingerprint, error="lost"
    )
    edge = min(following.version.changed_at, moment.now)
    item = _take_in(name, Compiled(lost, NEVER), following, record, edge, moment)
    if record.open is not None or record.removed or item.record.since == record.cursor:
        return item
    first, last = record.cursor + 1, item.record.since
    owed = Disposition(name, record.generation, record.version, Reason.UNKNOWN, first, last, None)
    return replace(item, dispositions=(owed, *item.dispositions))


def next_moment(line: Sequence[Compiled], record: Record | None, now: int) -> int | None:
    """Return when the entry next needs a decision: ``now`` where a version waits to be taken in, else its next fire."""
    if record is None:
        return now if any(not each.removed for each in line) else None
    current = _at(line, record.version)
    if current is None or _unreadable(line, record):
        return None
    for following in _after(line, record):
        if owns_otherwise(current, following):
            return now
        current = following
    if _limit_was_raised(current, record):
        return now
    owed, wait_ends = None if record.open else next_owed(current.schedule, record), _held_until(line, record)
    if owed is None or wait_ends is None:
        return wait_ends if owed is None else owed
    return min(owed, wait_ends)


def in_force(line: Sequence[Compiled], record: Record | None) -> Compiled | None:
    """Return the version whose fields rule the entry's next item."""
    if record is None:
        return line[-1] if line else None
    current = _at(line, record.version)
    for following in _after(line, record):
        if current is not None and owns_otherwise(current, following):
            break
        current = following
    return current


def _held_until(line: Sequence[Compiled], record: Record) -> int | None:
    """Return when a held message is to wait no longer, by the version whose fields rule."""
    if record.tracking is None or record.tracking.held is None:
        return None
    ruling = in_force(line, record)
    return held_until(None if ruling is None else ruling.entry, record)


# Asked several times for each fire, of a line that nearly always is the record's version alone: so without generators.
def _at(line: Sequence[Compiled], number: int) -> Compiled | None:
    for each in line:
        if each.version.number == number:
            return each
    return None


def _after(line: Sequence[Compiled], record: Record) -> Iterator[Compiled]:
    if not line or line[-1].version.number <= record.version:
        return iter(())
    return iter([each for each in line if each.version.number > record.version])


def _unreadable(line: Sequence[Compiled], record: Record) -> bool:
    """Return whether this code cannot read a version still to be settled or taken in: it leaves the entry alone."""
    # A list: a generator takes as long as a line of several.
    return any([each.unreadable and each.version.number >= record.version for each in line])  # noqa: C419


def _first(name: str, line: Sequence[Compiled], moment: Moment) -> Item | None:
    first = next((each for each in line if not each.removed), None)
    if first is None:
        return None
    # A state that was made under a clock far ahead must not keep its entries waiting until then.
    since = max(min(first.version.changed_at, moment.now), min(moment.installed, moment.now))
    blank = Record(seq=moment.seq, generation=1, version=0, fingerprint=0, since=since, cursor=since)
    record, dispositions = _opened(name, first, replace(blank, version=first.number))
    fingerprint = first.version.fingerprint
    return Item(
        name=name,
        expected=None,
        record=replace(record, fingerprint=fingerprint),
        dispositions=dispositions,
        takes_in=True,
        begins=since,
    )


def _take_in(name: str, former: Compiled, latter: Compiled, record: Record, edge: int, moment: Moment) -> Item:
    """Return the item that ends ``former`` and begins ``latter`` at the edge, or after the newest settled fire."""
    since = max(edge, record.cursor)
    held = record.tracking.held if record.tracking else None
    comes_back = record.removed and not latter.removed
    begun = Record(
        seq=moment.seq,
        generation=record.generation + 1 if comes_back else record.generation,
        version=latter.number,
        fingerprint=latter.version.fingerprint,
        since=since,
        cursor=since,
        runs=0 if comes_back else record.runs,
        pause=None if latter.removed or comes_back else record.pause,
        removed=latter.removed,
        tracking=None if latter.removed or comes_back else record.tracking,
    )
    begun, dispositions = _opened(name, latter, begun)
    return Item(
        name=name,
        expected=record.seq,
        record=begun,
        dispositions=dispositions,
        closes=_closing(name, former, record, since),
        takes_in=True,
        cancels=((held.id, "the entry was removed"),) if held is not None and latter.removed else (),
        begins=since,
    )


def _opened(name: str, compiled: Compiled, record: Record) -> tuple[Record, tuple[Disposition, ...]]:
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
    opened = Disposition(name, record.generation, record.version, reason, record.cursor + 1, None, None)
    return replace(record, open=reason), (opened,)


def _closing(name: str, compiled: Compiled, record: Record, at: int) -> Disposition | None:
    if record.open is None:
        return None
    count = compiled.schedule.count_us(record.cursor, at) if compiled.entry else None
    return Disposition(name, record.generation, record.version, record.open, record.cursor + 1, at, count)


def _limit_was_raised(current: Compiled, record: Record) -> bool:
    if record.open is not Reason.LIMIT_REACHED or current.entry is None:
        return False
    return current.entry.max_runs is None or record.runs < current.entry.max_runs


def _close_limit(name: str, current: Compiled, record: Record, moment: Moment) -> Item:
    at = max(moment.now, record.cursor)
    reopened, dispositions = _opened(name, current, replace(record, open=None, cursor=at))
    return Item(
        name=name,
        expected=record.seq,
        record=replace(reopened, seq=moment.seq, version=current.number, fingerprint=current.version.fingerprint),
        dispositions=dispositions,
        closes=_closing(name, current, record, at),
        takes_in=current.number != record.version,
        begins=record.cursor if current.number != record.version else None,
    )


def paused(name: str, record: Record, pause: Pause, seq: int) -> Item:
    """Return the item that pauses the entry: what was due and not yet emitted ends ``paused`` too."""
    marked = replace(record, seq=seq, pause=pause, backlog=None)
    if record.open is not None:
        return Item(name=name, expected=record.seq, record=marked, notice=True)
    opened = Disposition(name, record.generation, record.version, Reason.PAUSED, record.cursor + 1, None, None)
    return Item(
        name=name,
        expected=record.seq,
        record=replace(marked, open=Reason.PAUSED),
        dispositions=(opened,),
        notice=True,
    )


def resumed(name: str, current: Compiled | None, record: Record, now: int, seq: int) -> Item:
    """Return the item that ends a pause at ``now``; a range with another cause stays open."""
    # Counted anew: the next failure alone must not pause it again.
    tracking = record.tracking and replace(record.tracking, failures=0)
    unmarked = replace(record, seq=seq, pause=None, tracking=tracking or None)
    if record.open is not Reason.PAUSED or current is None:
        return Item(name=name, expected=record.seq, record=unmarked, notice=True)
    at = max(now, record.cursor)
    reopened, dispositions = _opened(name, current, replace(unmarked, open=None, cursor=at))
    return Item(
        name=name,
        expected=record.seq,
        record=reopened,
        dispositions=dispositions,
        closes=_closing(name, current, record, at),
        notice=True,
    )
