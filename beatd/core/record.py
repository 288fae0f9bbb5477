"""An entry's record: the cursor up to which all its fires are settled, and what hangs on it.

The protocol that moves a record is described in ``docs/firing.md``; moments are integer microseconds since the epoch.
Structs, because several are made for each fire, and a frozen dataclass takes ten times as long to make. Nothing in them
leads back to them, so the collector of cycles need not look (``gc=False``): a million records are no work to it.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from beatd.core.message import Message, too_large


class Reason(StrEnum):
    """Why a fire time was not emitted."""

    PAUSED = "paused"
    MISSED = "missed"
    COALESCED = "coalesced"
    EXPIRED = "expired"
    OVERLAP_SKIPPED = "overlap_skipped"
    LIMIT_REACHED = "limit_reached"
    QUARANTINED = "quarantined"
    REFUSED = "refused"
    FORWARDED = "forwarded"
    BACKFILLED = "backfilled"
    UNKNOWN = "unknown"


class Backlog(msgspec.Struct, frozen=True, gc=False):
    """The terms under which late fires are being drained, judged once, whoever drains on."""

    found_at: int
    up_to: int


class Pause(msgspec.Struct, frozen=True, gc=False):
    """Who paused an entry, when, and why."""

    by: str
    at: int
    note: str


class Sent(msgspec.Struct, frozen=True, gc=False):
    """A scheduled message of an entry; ``since``: when it went into the queue, or into the wait before it."""

    id: str
    fire_time: int
    since: int


class Tracking(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an entry needs to know of the ends of its messages, where ``overlap`` or ``pause_after_failures`` ask.

    ``unfinished``: the newest scheduled message that has not ended. ``held``: the one behind it, in the store but not
    in its queue. ``failures``: in a row; at ``pause_after`` (0: never) the entry is paused.
    """

    unfinished: Sent | None = None
    held: Sent | None = None
    failures: int = 0
    pause_after: int = 0

    def __bool__(self) -> bool:
        return bool(self.unfinished or self.held or self.failures or self.pause_after)


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The state of one entry.

    ``seq`` is a new random 63-bit number with every change, compared for equality only: a counter would repeat after
    a roll-back of the store, and a request from before it would fit.
    ``since``: what the version owns begins strictly after it. ``open``: the reason of the one open range, which
    began strictly after ``cursor``. ``tracking`` None: nothing of it is to be kept.
    """

    seq: int
    generation: int
    version: int
    fingerprint: int
    since: int
    cursor: int
    runs: int = 0
    open: Reason | None = None
    backlog: Backlog | None = None
    pause: Pause | None = None
    removed: bool = False
    tracking: Tracking | None = None


class Disposition(msgspec.Struct, frozen=True, gc=False):
    """Every fire that this version names in [first, last] ended with ``reason``.

    ``last`` None: the range is still open. ``count`` None: not known. ``note``: what a person gave as the reason.
    """

    entry: str
    generation: int
    version: int
    reason: Reason
    first: int
    last: int | None
    count: int | None
    note: str | None = None


class DeadLetter(msgspec.Struct, frozen=True, gc=False):
    """What stays of a message that the broker cannot take: its headers, without the body, and ``reason``."""

    message: Message
    reason: str


class Emission(msgspec.Struct, frozen=True, gc=False):
    """One fire and the message that carries it."""

    fire_time: int
    message: Message


class Item(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry's part of a step: where the record still has ``expected``, it becomes ``record``, and the rest happens.

    ``expected`` None: only if there is no record. ``takes_in``: the version must be held by the store, which keeps with
    it the record's generation and ``begins``: what it rules begins strictly after that moment. ``of_row``: the version
    is a row's, whose table alone can tell whether there is such a one; the store notes its tenure and asks nothing.
    ``closes``: the open range of that entry is closed by this disposition (its row is updated, not added).
    ``notice``: schedulers that hold the record in memory are to read it again (pause, resume, a message's end).
    An emission whose message is the record's ``tracking.held`` is stored, but not put into its queue.
    ``releases``: ids of held messages that go into their queues. ``cancels``: (id, why) of messages that end revoked:
    at once where nobody has begun them, else by ending their process. Both after the emissions, in this order; what is
    not there is passed over. ``rests_on``: the message that the decision takes for unfinished. Where it is neither
    waiting nor running, nothing of the item happens: the record is told of that end, and comes back.
    ``timed_out``: the message for which is waited no longer, to be noted in its history.
    ``letters``: dead letters of the fires that this item disposes of as refused.
    ``following``: the next fire that the entry owes once this is stored, None where the decision did not come to it;
    of no concern to a store.
    """

    name: str
    expected: int | None
    record: Record
    emissions: tuple[Emission, ...] = ()
    dispositions: tuple[Disposition, ...] = ()
    closes: Disposition | None = None
    takes_in: bool = False
    of_row: bool = False
    begins: int | None = None
    letters: tuple[DeadLetter, ...] = ()
    notice: bool = False
    releases: tuple[str, ...] = ()
    cancels: tuple[tuple[str, str], ...] = ()
    rests_on: Sent | None = None
    timed_out: Sent | None = None
    following: int | None = None


def too_large_in(emissions: Sequence[Emission]) -> tuple[tuple[int, str], ...]:
    """Return the fire times whose message the broker cannot take, with why, as an ``Answer`` has them."""
    reasons = ((emission.fire_time, too_large(emission.message)) for emission in emissions)
    return tuple((fire_time, reason) for fire_time, reason in reasons if reason is not None)


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What became of an item. Where ``stored`` is false nothing of it happened and ``record`` is the record as it is.

    ``repeated``: ids that were there already. ``refused``: fire times whose message the broker cannot take, with why;
    then nothing of the item happened either.
    """

    stored: bool
    record: Record | None
    repeated: tuple[str, ...] = ()
    refused: tuple[tuple[int, str], ...] = ()
    unheld: bool = False
