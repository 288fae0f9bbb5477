"""`beatd backfill`: fires that were not emitted are emitted after all, beside the schedule."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from threading import Event
from uuid import uuid4

from beatd.config.settings import Settings
from beatd.core.backfill import Errand, Exchange, Reign, Stride, again, count_again, next_exchange, reigns
from beatd.core.record import Disposition, Emission, Reason
from beatd.errors import StoreError
from beatd.ports import Clock
from beatd.wiring.audit import ranges_of
from beatd.wiring.drivers import CLOCK, State, open_state
from beatd.wiring.lines import open_lines

CHUNK = 100
MOST = 1_000_000
"""A backfill of more messages than this is begun only with a limit: a mistyped date must not flood the queues."""
SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which fires: from ``first``, included, to ``until``, excluded (microseconds).

    ``limit``: how many messages at the most in this run; ``rate``: in a second.
    """

    name: str
    first: int
    until: int
    again: bool = False
    limit: int | None = None
    rate: int = 1000
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """Fires that were left as they are, and why; ``last`` and ``count`` None: not known."""

    reason: str
    first: int
    last: int | None
    count: int | None


@dataclass(slots=True, kw_only=True)
class Backfilled:
    """What a run did: ``emitted`` by it; ``until``: cut there; ``finished`` false: the next run goes on."""

    errand: str | None
    until: int
    emitted: int = 0
    finished: bool = True
    resumed: bool = False
    left: list[Left] = field(default_factory=list)


Tell = Callable[[int, int], None]
"""Called with (how many were emitted, the fire time reached) after each step."""


def backfill(settings: Settings, wanted: Wanted, tell: Tell, *, clock: Clock = CLOCK) -> Backfilled:
    """Emit the fires of an entry that are on record as not emitted; ``again``: all, under ids of their own.

    Safe to kill and to run again. Raises StoreError for a name that there is not, one that has not begun, where
    another run of the same backfill is at work, and, before anything is emitted, for more than ``MOST`` messages
    without a limit.
    """
    with closing(open_state(settings, create=False)) as state, open_lines(settings, state) as lines:
        record = state.records.load([wanted.name]).get(wanted.name)
        tenures = lines.tenures([wanted.name])[wanted.name]
        if not tenures:
            lines.one(wanted.name, record)
        found = reigns(tenures)
        if record is None or not tenures:
            raise StoreError(f"entry {wanted.name!r} has no fire that is settled yet, so there is nothing to backfill")
        until = min(wanted.until - 1, record.cursor)
        run = _Run(settings, state, wanted, found, until, clock, tell)
        if wanted.dry_run:
            return run.survey()
        run.require_moderate()
        return run.again() if wanted.again else run.exchange()


class _Run:
    def __init__(
        self, settings: Settings, state: State, wanted: Wanted, found: list[Reign], until: int, clock: Clock, tell: Tell
    ) -> None:
        self._namespace = settings.namespace
        self._state = state
        self._wanted = wanted
        self._found = found
        self._until = until
        self._clock = clock
        self._tell = tell
        self._begun = clock.elapsed()
        self._done = Backfilled(errand=None, until=until + 1)
        self._left: dict[tuple[str, int], Left] = {}
        self._chunk = CHUNK

    def survey(self) -> Backfilled:
        """Count what would be emitted."""
        self._done.emitted = self._count()
        return self._report()

    def require_moderate(self) -> None:
        """Raise StoreError for more messages than are sent without being asked for by number."""
        if self._wanted.limit is None and (count := self._count()) > MOST:
            raise StoreError(
                f"this backfill of {self._wanted.name!r} is of {count} messages, more than {MOST}, so nothing is "
                "emitted; --limit N sends the first N of them, and the same command goes on; --dry-run only counts"
            )

    def _count(self) -> int:
        low = self._wanted.first - 1
        if self._wanted.again:
            return count_again(self._found, low, self._until)
        return sum(
            reign.schedule.count_us(max(low, each.first - 1), min(each.last or self._until, self._until))
            for each, reign in self._ranges(low)
        )

    def exchange(self) -> Backfilled:
        """Turn what is on record as not emitted into messages."""
        errand = self._begin()
        while self._room() and (found := self._next_exchange(errand)) is not None:
            exchange, emissions = found
            stride = Stride(errand=errand, cursor=emissions[-1].fire_time, emissions=emissions, exchange=exchange)
            errand = self._stride(stride)
        return self._end(errand)

    def again(self) -> Backfilled:
        """Emit all, under ids of the errand's own."""
        errand = self._begin()
        while self._room() and (emissions := self._again(errand, min(self._chunk, self._room()))):
            errand = self._stride(Stride(errand=errand, cursor=emissions[-1].fire_time, emissions=emissions))
        return self._end(errand)

    def _again(self, errand: Errand, chunk: int) -> tuple[Emission, ...]:
        return again(self._namespace, errand, self._found, self._until, chunk)

    def _errand(self, name: str) -> Errand:
        wanted = self._wanted
        return Errand(
            id=name,
            entry=wanted.name,
            first=wanted.first,
            until=wanted.until,
            again=wanted.again,
            cursor=wanted.first - 1,
        )

    def _begin(self) -> Errand:
        fresh = self._errand(str(uuid4()))
        errand = self._state.backfills.begin(fresh)
        self._done.errand, self._done.resumed = errand.id, errand.id != fresh.id
        return errand

    def _next_exchange(self, errand: Errand) -> tuple[Exchange, tuple[Emission, ...]] | None:
        chunk = min(self._chunk, self._room())
        for each, reign in self._ranges(errand.cursor):
            found = next_exchange(self._namespace, reign, each, (errand.cursor, self._until), chunk)
            if found is not None:
                return found
        return None

    def _ranges(self, after: int) -> Iterator[tuple[Disposition, Reign]]:
        """Yield the ranges whose fires can be emitted; take note of the others."""
        by_version = {reign.version: reign for reign in self._found}
        for each in ranges_of(self._state.past, self._wanted.name, after, self._until):
            if each.reason is Reason.BACKFILLED or each.last is None:
                continue
            reign = by_version.get(each.version)
            if reign is not None and reign.entry is not None and each.reason is not Reason.UNKNOWN:
                yield each, reign
            else:
                said = "the version that owed them cannot be read, or is not known any more"
                self._leave(Left(said, each.first, each.last, each.count))

    def _stride(self, stride: Stride) -> Errand:
        """Carry out a step; a fire that the broker cannot take is found by single steps, and passed over."""
        errand, answer = stride.errand, self._state.backfills.stride(stride)
        if not answer.stored:
            raise StoreError(
                f"another backfill of {errand.entry!r} over the same time is at work; try again when it ended"
            )
        if answer.refused and len(stride.emissions) > 1:
            self._chunk = 1
            return errand
        if answer.refused:
            ((fire, why),) = answer.refused
            self._leave(Left(f"refused by the broker: {why}", fire, fire, 1))
            return self._stride(Stride(errand=errand, cursor=fire))
        self._done.emitted += answer.emitted
        self._tell(self._done.emitted, stride.cursor or 0)
        self._keep_to_the_rate()
        self._chunk = CHUNK
        return replace(errand, cursor=stride.cursor or errand.cursor)

    def _keep_to_the_rate(self) -> None:
        ahead = self._begun + self._done.emitted * SECOND // self._wanted.rate - self._clock.elapsed()
        if ahead > 0:
            Event().wait(ahead / SECOND)

    def _room(self) -> int:
        most = min(self._chunk, max(1, self._wanted.rate))
        return most if self._wanted.limit is None else min(most, self._wanted.limit - self._done.emitted)

    def _end(self, errand: Errand) -> Backfilled:
        self._done.finished = self._room() > 0
        if self._done.finished:
            self._state.backfills.stride(Stride(errand=errand, cursor=None))
        return self._report()

    def _leave(self, left: Left) -> None:
        self._left[(left.reason, left.first)] = left

    def _report(self) -> Backfilled:
        kept = self._state.past.kept_since()
        if self._wanted.first < kept and not self._wanted.again:
            last = min(kept, self._until + 1) - 1
            self._leave(Left("not kept: the history is whole only since then", self._wanted.first, last, None))
        self._done.left = list(self._left.values())
        return self._done
