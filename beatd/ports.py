"""What the engines ask of the outside world: small Protocols, each implemented by one driver per store.

Moments are integer microseconds since the epoch. Every method may raise ``BrokerUnavailableError`` or ``StoreError``;
after such an error it is not known whether the request was carried out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from beatd.core.backfill import Errand, Stridden, Stride
from beatd.core.entry import Draft, Tenure, Version
from beatd.core.record import Answer, Disposition, Item, Record


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> int:
        """Return the wall clock in microseconds since the epoch."""

    def elapsed(self) -> int:
        """Return microseconds on a clock that never steps and counts suspension (CLOCK_BOOTTIME)."""


# ---------------------------------------------------------------- scheduler: state store


class Records(Protocol):
    """Entries' records; moved only by compare-and-set, together with the messages.

    Two kinds of change need no expectation, and happen in the operation that causes them: whatever ends a message of
    an entry for good (settle, a claim's ends, revoke, cancel) carries out ``core.ending.ended`` on the record as it is;
    an item that ``rests_on`` a message which is neither waiting nor running does so in its stead.
    """

    @property
    def sees_finish(self) -> bool:
        """Whether this store learns when a message has ended; else entries that ask for it are quarantined."""

    def load(self, names: Sequence[str] | None = None) -> dict[str, Record]:
        """Return the records of these names (None: of all), tombstones included, from the primary."""

    def step(self, items: Sequence[Item]) -> list[Answer]:
        """Carry out each item whose expectation holds, all in one atomic operation; answers in the same order."""

    def begin(self, items: Sequence[Item]) -> Callable[[], list[Answer]]:
        """Send a step as ``step`` does, and return what waits for its answers; those of several come in their order.

        Until they are there, no other step may have an item for one of these entries.
        """

    def noticed(self, since: int) -> tuple[int, dict[str, Record]]:
        """Return a mark for the next call and the records changed by ``notice`` items after mark ``since`` (0: all)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A namespace's state, created once. ``rolled_back_at`` set: no scheduler emits until an operator says how.

    ``replaces``: ids of states in whose place an operator put this one; whoever knows one of them goes on in this one.
    """

    id: str
    since: int
    revision: int
    digest: str
    rolled_back_at: int | None
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What applying a set did; names sorted."""

    revision: int
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Definitions(Protocol):
    """The namespace's set, one revision at a time, with every version still needed."""

    def install(self) -> Installation:
        """Create the namespace's state if it is not there, and return it."""

    def remember_libraries(self) -> Mapping[str, tuple[str | None, str | None]]:
        """Keep the versions of what computes fire times (tzdata, astral, dateutil, holidays) with the state.

        Returns (former, present) of those that changed since a scheduler last did this.
        """

    def apply(self, drafts: Sequence[Draft], *, holder: str, replace: bool = False, above: int = 0) -> Applied:
        """Make these drafts the set: definitions first, then the revision by compare-and-set.

        The new revision is the one after the current one, or after ``above`` where that is larger: a number of a row's
        version, from which the set is to take a name over.

        Raises StaleSetError when a scheduler carrying a later set is live (or vanished under 10 minutes ago without
        a graceful stop), or when the set shares no name with the current one; ``replace`` overrides both.
        """

    def load(self, after: int = 0, *, names: Sequence[str] | None = None) -> list[Version]:
        """Return the versions that records still need, ordered by (name, number).

        ``after``: only of the names that have a version above it, but then all of theirs, read at one moment: one that
        is left out below tells that the record is beyond it. ``names``: only of these names.
        """

    def mark_rolled_back(self, at: int | None) -> None:
        """Set or clear the mark under which no scheduler emits."""


class Repairs(Protocol):
    """What mends a state that was lost, swapped or changed behind the engine's back."""

    def find(self) -> Installation | None:
        """Return the namespace's state, None where there is none; creates nothing."""

    def confirm(self, *, since: int, replaces: Sequence[str]) -> Installation:
        """Give the namespace's state a new id, in place of those of ``replaces`` and of its own former ones.

        It owes fires from ``since`` on. Entries that have a record go on from their cursors. Where no set was ever
        applied, the first one counts as defined at ``since``.
        """

    def lost(self, place: str, size: int) -> tuple[list[str], str]:
        """Return the names whose record was moved by a version that the store does not hold, as it was then.

        Looked at are about ``size`` records from ``place`` on ("": from the first); also returned is the place from
        which to go on, "" where that was the last.
        """

    def mend(self, names: Sequence[str]) -> list[str]:
        """Return those of these names that are lost, after seeing to it that a version follows the one that is.

        Of each, what the set says now becomes a new version, numbered above the record's, unless such a one is there
        already; a name that the set does not know any more is removed. Then the set's digest is none that a source has,
        so that every source is applied again.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """The answer to a renewal: the store's clock, the parts held until ``until``, and who else is live."""

    now: int
    until: int
    parts: frozenset[int]
    holders: int
    installation: Installation


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerInfo:
    """One scheduler as the store knows it."""

    holder: str
    host: str
    pid: int
    started_at: int
    seen_at: int
    expires_at: int
    parts: int
    revision: int
    status: Mapping[str, object]

    def is_live(self, now: int) -> bool:
        """Return whether its lease lasts; ``now`` by the store's clock."""
        return self.expires_at > now


class Leases(Protocol):
    """Time-limited division of labour among schedulers; no promise rests on it."""

    def renew(self, holder: str, *, ttl: int, status: Mapping[str, object]) -> Holding:
        """Renew what ``holder`` has, take what is free, and say so; ``status`` is kept for people to read."""

    def release(self, holder: str) -> None:
        """Give everything back: a graceful stop."""

    def holders(self) -> list[SchedulerInfo]:
        """Return the schedulers seen lately, live or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One line of history: an emitted fire, or a range of fires that were not.

    ``state``: emitted, started, success, failure, retry, dead, revoked, or a disposition.
    For a range ``fire_time`` is its first moment, ``last`` its last (None: open), ``count`` how many (None: unknown).
    ``cursor``: its place in the history, from which a next page goes on.
    """

    entry: str
    fire_time: int
    state: str
    last: int | None = None
    count: int | None = 1
    message_id: str | None = None
    emitted_at: int | None = None
    started_at: int | None = None
    finished_at: int | None = None
    reason: str | None = None
    task: str | None = None
    cursor: str | None = None


class History(Protocol):
    """What happened to every fire."""

    def runs(  # noqa: PLR0913  one keyword for each way to narrow
        self,
        *,
        entry: str | None = None,
        task: str | None = None,
        state: str | None = None,
        since: int | None = None,
        until: int | None = None,
        message_id: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Run]:
        """Return the newest runs first: those from ``since``, included, to ``until``, excluded.

        A range counts where it begins. ``before``: only runs after (older than) the one of this ``cursor``; raises
        ValueError where it is no cursor.
        """

    def prune(self, *, before: int, most: int, limit: int = 1000) -> int:
        """Delete at most ``limit`` rows older than ``before`` or above the newest ``most``; return how many."""


class Past(Protocol):
    """What there was, exactly: for those who recompute what should have been."""

    def kept_since(self) -> int:
        """Return the moment from which on nothing of the history was deleted; at the earliest when the state began."""

    def names(self, after: str, limit: int) -> list[str]:
        """Return the next names that have a record, in their order, behind ``after``."""

    def tenures(self, name: str) -> list[Tenure]:
        """Return the versions of a name that were taken in and are still kept, in the order in which they ruled.

        Of a row's version there is what ``Tenure`` says.
        """

    def emitted(self, name: str, after: int, until: int, limit: int) -> list[tuple[int, int]]:
        """Return (fire time, version) of the fires in (after, until] that the schedule emitted, the oldest first.

        Not more than ``limit``, but all of a fire time or none. Empty where the history does not hold what was emitted.
        """

    def dispositions(self, name: str, after: int, until: int, limit: int) -> list[Disposition]:
        """Return up to ``limit`` ranges, oldest first, ending after ``after``, or open, that begin by ``until``."""


class Backfills(Protocol):
    """Errands that emit fires after all, beside the schedule; they move no entry's record."""

    def begin(self, errand: Errand) -> Errand:
        """Return the unfinished errand of the same entry, span and manner; where there is none, store this one."""

    def stride(self, stride: Stride) -> Stridden:
        """Carry out one step of an errand, atomically. Messages whose id is already there are left as they are.

        With an exchange the history says ``backfilled`` of the fires; without, that they were sent beside the schedule.
        """


class Source(Protocol):
    """Where definitions come from: a file, a folder, code."""

    name: str

    def load(self) -> list[Draft]:
        """Read all drafts. Raises DefinitionError when the source cannot be read as a whole."""

    def changed(self) -> bool:
        """Return whether the source may read differently than at the last ``load``; cheap."""

    def paths(self) -> list[str]:
        """Return the files and folders whose events hint at a change; may be empty."""
