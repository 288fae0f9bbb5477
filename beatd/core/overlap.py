"""What a fire does while the entry's former message has not ended: the policies of ``overlap``, pure.

Looked at is only the entry's newest scheduled message, never a trigger or a backfill.
"""

from msgspec.structs import replace

from beatd.core.entry import DAY, Entry, Overlap
from beatd.core.record import Emission, Item, Record, Sent, Tracking

CANCELLED = "cancelled by the next fire"
TIMED_OUT = "overlap_timeout: not waited for any longer"


class Unbound:
    """Judges the fires of an entry that nothing of former messages matters to: nearly all are."""

    def takes(self) -> bool:
        """Return True: every fire is emitted."""
        return True

    def emitted(self, emission: Emission) -> None:
        """Forget it."""

    def told(self, item: Item) -> Item:
        """Return the item as it is."""
        return item


_UNBOUND = Unbound()


def overlapping(entry: Entry, tracking: Tracking | None, now: int) -> "Overlapping | Unbound":
    """Return who judges the fires of one item."""
    return Overlapping(entry, tracking, now) if tracking is not None or entry.is_tracked else _UNBOUND


class Overlapping:
    """Judges the fires of one item, oldest first, and gathers what that does to the former messages."""

    def __init__(self, entry: Entry, tracking: Tracking | None, now: int) -> None:
        self._entry = entry
        self._policy = entry.overlap
        self._now = now
        self._failures = tracking.failures if tracking else 0
        self._unfinished = tracking.unfinished if tracking else None
        self._held = tracking.held if tracking else None
        self._former = self._unfinished
        self._releases: list[str] = []
        self._cancels: list[tuple[str, str]] = []
        self._rests_on: Sent | None = None
        self._timed_out: Sent | None = None

    def takes(self) -> bool:
        """Return whether the next fire is emitted, if only to be held; False: it is skipped."""
        if self._policy in {Overlap.ALLOW, Overlap.CANCEL_PREVIOUS} or self._unfinished is None:
            return True
        self._rests_on = self._former
        if self._unfinished.since + self._entry.overlap_timeout <= self._now:
            self._timed_out = self._unfinished
            self._let_go()
        return self._has_room()

    def emitted(self, emission: Emission) -> None:
        """Take note of a fire that was emitted."""
        sent = Sent(emission.message.id, emission.fire_time, self._now)
        match self._policy:
            case Overlap.QUEUE_ONE if self._unfinished is not None:
                self._held = sent
            case Overlap.CANCEL_PREVIOUS:
                self._cancels += [(each.id, CANCELLED) for each in (self._unfinished, self._held) if each is not None]
                self._unfinished, self._held = sent, None
            case Overlap.ALLOW:
                self._let_go()
                self._unfinished = None
            case _:
                self._unfinished = sent

    def told(self, item: Item) -> Item:
        """Return the item with what the fires' judgement adds to it."""
        tracking = Tracking(
            unfinished=self._unfinished,
            held=self._held,
            failures=self._failures if self._entry.pause_after_failures else 0,
            pause_after=self._entry.pause_after_failures,
        )
        return replace(
            item,
            record=replace(item.record, tracking=tracking or None),
            releases=tuple(self._releases),
            cancels=tuple(self._cancels),
            rests_on=self._rests_on,
            timed_out=self._timed_out,
            following=None,
        )

    def _has_room(self) -> bool:
        return self._unfinished is None or (self._policy is Overlap.QUEUE_ONE and self._held is None)

    def _let_go(self) -> None:
        """Wait no longer for the unfinished one: a held one takes its place."""
        self._unfinished, self._held = _released(self._held, self._now), None
        if self._unfinished is not None:
            self._releases.append(self._unfinished.id)


def held_until(entry: Entry | None, record: Record) -> int | None:
    """Return when a held message waits no longer; None where none is held."""
    tracking = record.tracking
    if tracking is None or tracking.held is None or tracking.unfinished is None:
        return None
    return tracking.unfinished.since + (DAY if entry is None else entry.overlap_timeout)


def let_go(name: str, record: Record, now: int, seq: int) -> Item:
    """Return the item that ends the wait of a held message."""
    tracking = record.tracking or Tracking()
    after, releases = without(tracking, tracking.unfinished, now)
    return Item(
        name=name,
        expected=record.seq,
        record=replace(record, seq=seq, tracking=after or None),
        releases=releases,
        rests_on=tracking.unfinished,
        timed_out=tracking.unfinished,
    )


def without(tracking: Tracking, gone: Sent | None, now: int) -> tuple[Tracking, tuple[str, ...]]:
    """Return what is left to wait for when one message has ended, and the ids that this releases."""
    if gone is None:
        return tracking, ()
    if gone == tracking.held:
        return replace(tracking, held=None), ()
    released = _released(tracking.held, now)
    return replace(tracking, unfinished=released, held=None), () if released is None else (released.id,)


def _released(held: Sent | None, now: int) -> Sent | None:
    return None if held is None else replace(held, since=now)
