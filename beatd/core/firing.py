"""What to do with one entry now: the firing rules as pure functions of versions, record and moment.

The protocol is told in ``docs/firing.md``. Nothing here reads a clock or a store; ``seq`` is drawn by the caller.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from beatd.core.entry import Version
from beatd.core.line import Compiled, owns_otherwise
from beatd.core.overlap import held_until, let_go
from beatd.core.record import Disposition, Item, Pause, Reason, Record
from beatd.core.settling import Rules, forwarded, next_owed, settle
from beatd.core.taking_in import Moment, blank, close_now, closing, first_item, opened, take_in
from beatd.schedules.bounds import NEVER

__all__ = [
    "Moment",
    "decide",
    "forward",
    "in_force",
    "is_late",
    "made",
    "next_moment",
    "paused",
    "resumed",
    "succeed_lost",
]


def decide(name: str, line: Sequence[Compiled], record: Record | None, moment: Moment, rules: Rules) -> Item | None:
    """Return the entry's next item, or None where there is nothing to do now.

    Versions are taken in one after another, none left out: first what the former owed up to the change is settled.
    """
    if record is None:
        return _first(name, line, moment, rules)
    current = _at(line, record.version)
    if current is None or _unreadable(line, record) or _bad_here(current, record):
        return None
    wait_ends = _held_until(line, record)
    if wait_ends is not None and wait_ends <= moment.now:
        return let_go(name, record, moment.now, moment.seq)
    for following in _after(line, record):
        if owns_otherwise(current, following):
            edge = min(following.version.changed_at, moment.now)
            owed = settle(name, current, record, (edge, moment.now, moment.seq, moment.refused), rules)
            # What follows is to be taken in, before any fire of the version that ends.
            return replace(owed, following=None) if owed else take_in(name, current, following, record, edge, moment)
        current = following
    if _may_close(current, record):
        return close_now(name, current, record, moment)
    return settle(name, current, record, (moment.now, moment.now, moment.seq, moment.refused), rules)


def made(name: str, line: Sequence[Compiled], moment: Moment) -> Item | None:
    """Return the item that makes the record of a name that has none, emitting nothing; None where it was removed."""
    first = next((each for each in line if not each.removed), None)
    return None if first is None else first_item(name, first, moment)


def forward(
    name: str, line: Sequence[Compiled], record: Record | None, moment: Moment, upto: tuple[int, str]
) -> Item | None:
    """Return the item that ends the oldest part of what is owed up to a moment as ``forwarded``, None where nothing is.

    ``upto``: (the moment, the reason that a person gave). Versions that began by then are taken in, one after another.
    """
    until, note = upto
    if record is None:
        only = _owed_unrecorded(line)
        if only is not None:
            return _unexpected(forwarded(name, only, blank(only, moment), (until, moment.seq, note)))
        item = made(name, line, moment)
        return item if item is not None and item.record.since < until else None
    current = _at(line, record.version)
    if current is None or _unreadable(line, record) or _bad_here(current, record):
        return None
    for following in _after(line, record):
        if owns_otherwise(current, following):
            edge = min(following.version.changed_at, moment.now)
            if edge > until:
                break
            owed = forwarded(name, current, record, (edge, moment.seq, note))
            return owed or take_in(name, current, following, record, edge, moment)
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
    item = take_in(name, Compiled(lost, NEVER), following, record, edge, moment)
    if record.open is not None or record.removed or item.record.since == record.cursor:
        return item
    first, last = record.cursor + 1, item.record.since
    owed = Disposition(name, record.generation, record.version, Reason.UNKNOWN, first, last, None)
    return replace(item, dispositions=(owed, *item.dispositions))


def next_moment(line: Sequence[Compiled], record: Record | None, now: int, installed: int = 0) -> int | None:
    """Return when the entry next needs a decision: ``now`` where a version waits to be taken in, else its next fire.

    ``installed`` is when the namespace's state began.
    """
    if record is None:
        return _first_moment(line, Moment(now, 0, installed))
    current = _at(line, record.version)
    if current is None or _unreadable(line, record) or _bad_here(current, record):
        return None
    for following in _after(line, record):
        if owns_otherwise(current, following):
            return now
        current = following
    if _may_close(current, record):
        return now
    owed, wait_ends = None if record.open else next_owed(current.schedule, record), _held_until(line, record)
    if owed is None or wait_ends is None:
        return wait_ends if owed is None else owed
    return min(owed, wait_ends)


def is_late(line: Sequence[Compiled], record: Record | None, moment: Moment, late_after: int) -> bool:
    """Return whether the entry's oldest due fire is more than ``late_after`` behind."""
    if record is None:
        oldest = None if _owed_unrecorded(line) is None else _first_moment(line, moment)
    else:
        current = in_force(line, record)
        oldest = None if current is None or record.open else next_owed(current.schedule, record)
    return oldest is not None and moment.now - oldest > late_after


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
    # A list: to make a generator takes as long as to go through a line of several.
    return bool([each for each in line if each.unreadable and each.version.number >= record.version])


def _first(name: str, line: Sequence[Compiled], moment: Moment, rules: Rules) -> Item | None:
    """Return the item that makes a record: at once, or with the first fire of a row of which nothing else is to tell.

    So a million new rows cost nothing at start; ``since`` is the same whenever it is made.
    """
    only = _owed_unrecorded(line)
    if only is None:
        return made(name, line, moment)
    return _unexpected(
        settle(name, only, blank(only, moment), (moment.now, moment.now, moment.seq, moment.refused), rules)
    )


def _unexpected(item: Item | None) -> Item | None:
    return None if item is None else replace(item, expected=None)


def _first_moment(line: Sequence[Compiled], moment: Moment) -> int | None:
    only = _owed_unrecorded(line)
    if only is not None:
        return next_owed(only.schedule, blank(only, moment))
    return moment.now if any(not each.removed for each in line) else None


def _owed_unrecorded(line: Sequence[Compiled]) -> Compiled | None:
    """Return the version of a row that needs no record before its first fire: the only one, and a good one."""
    if len(line) != 1 or not line[0].of_row or line[0].entry is None or line[0].unreadable:
        return None
    return line[0]


def _bad_here(current: Compiled, record: Record) -> bool:
    """Return whether a row's version that is in force cannot be used here, as it could where it was taken in.

    Each scheduler reads rows by itself: one with older code leaves such an entry to the others.
    """
    return current.of_row and current.version.error is not None and record.open is not Reason.QUARANTINED


def _may_close(current: Compiled, record: Record) -> bool:
    """Return whether the cause of the open range is gone under the version that opened it."""
    if current.entry is None:
        return False
    if record.open is Reason.QUARANTINED:
        return current.of_row and not current.unreadable
    if record.open is not Reason.LIMIT_REACHED:
        return False
    return current.entry.max_runs is None or record.runs < current.entry.max_runs


def paused(name: str, record: Record, pause: Pause, seq: int) -> Item:
    """Return the item that pauses the entry: what was due and not yet emitted ends ``paused`` too."""
    marked = replace(record, seq=seq, pause=pause, backlog=None)
    if record.open is not None:
        return Item(name=name, expected=record.seq, record=marked, notice=True)
    opens = Disposition(name, record.generation, record.version, Reason.PAUSED, record.cursor + 1, None, None)
    return Item(
        name=name,
        expected=record.seq,
        record=replace(marked, open=Reason.PAUSED),
        dispositions=(opens,),
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
    unpaused = replace(unmarked, open=None, cursor=at)
    # A version that was paused was good where it was taken in: whoever cannot use it does not turn it bad.
    is_good = current.version.error is None
    reopened, dispositions = opened(name, current, unpaused) if is_good else (unpaused, ())
    return Item(
        name=name,
        expected=record.seq,
        record=reopened,
        dispositions=dispositions,
        closes=closing(name, current, record, at),
        notice=True,
    )
