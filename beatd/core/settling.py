"""Settling what one version owes up to a moment: emit, coalesce, drop, expire, each on record."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, islice

import msgspec
from msgspec.structs import replace

from beatd.core.emission import emission
from beatd.core.entry import Entry, Misfire
from beatd.core.line import Compiled
from beatd.core.overlap import overlapping
from beatd.core.record import Backlog, DeadLetter, Disposition, Emission, Item, Reason, Record
from beatd.schedules.base import Schedule


@dataclass(frozen=True, slots=True)
class Rules:
    """What every decision of a namespace shares; ``chunk`` bounds the fires of one item."""

    namespace: str
    late_after: int
    chunk: int = 100


Window = tuple[int, int, int, Mapping[int, str]]
"""(until, now, seq, refused): settle up to ``until``, as seen at ``now``; ``refused``: fires, each with the reason."""


def settle(name: str, current: Compiled, record: Record, window: Window, rules: Rules) -> Item | None:
    """Return the item that settles the oldest part of what is due in (cursor, until], or None where nothing is."""
    entry, until, now = current.entry, window[0], window[1]
    if record.open is not None or entry is None:
        return None
    oldest = next_owed(current.schedule, record)
    if oldest is None or oldest > until:
        return None
    settling = _Settling(name, current, entry, record, window, rules)
    if record.backlog is not None:
        return settling.drain(record.backlog)
    if now - oldest <= rules.late_after:
        return settling.on_time(oldest, until)
    if entry.misfire is Misfire.ALL:
        return settling.begin_backlog(oldest)
    return settling.newest(oldest, emit=entry.misfire is Misfire.LATEST)


def forwarded(name: str, current: Compiled, record: Record, upto: tuple[int, int, str]) -> Item | None:
    """Return the item that ends all that is due in (cursor, until] as ``forwarded``, or None where nothing is.

    ``upto``: (until, seq, the reason that a person gave).
    """
    until, seq, note = upto
    oldest = None if record.open is not None or current.entry is None else next_owed(current.schedule, record)
    if oldest is None or oldest > until:
        return None
    newest, takes_in = _last(current.schedule, until), current.number != record.version
    count = current.schedule.count_us(oldest - 1, newest)
    return Item(
        name=name,
        expected=record.seq,
        record=replace(
            record,
            seq=seq,
            version=current.number,
            fingerprint=current.version.fingerprint,
            cursor=newest,
            backlog=None if record.backlog is None or record.backlog.up_to <= newest else record.backlog,
        ),
        dispositions=(
            Disposition(name, record.generation, current.number, Reason.FORWARDED, oldest, newest, count, note),
        ),
        takes_in=takes_in,
        of_row=takes_in and current.of_row,
        begins=record.cursor if takes_in else None,
    )


def next_owed(schedule: Schedule, record: Record) -> int | None:
    """Return the first fire after those that are settled, or None if there is none."""
    return owed_after(schedule, record.since, record.cursor)


def owed_after(schedule: Schedule, since: int, cursor: int) -> int | None:
    """Return the first fire after the cursor of a version that began at ``since``, or None if there is none."""
    # A cursor beyond its ``since`` is a fire, or a moment between fires; at its ``since`` it says nothing of fires.
    return schedule.next_owed_us(cursor) if cursor > since else schedule.next_us(cursor)


class _Settling(msgspec.Struct, frozen=True, gc=False):
    name: str
    current: Compiled
    entry: Entry
    record: Record
    window: Window
    rules: Rules

    def on_time(self, oldest: int, until: int) -> Item:
        """Emit the oldest chunk of what is due; the cursor ends on its last fire."""
        schedule = self.current.schedule
        fires, following = [oldest], schedule.next_owed_us(oldest)
        if following is not None and following <= until:
            fires += islice(schedule.between_us(oldest, until), self.rules.chunk - 1)
            following = schedule.next_owed_us(fires[-1])
        return self._item(fires, None, (), following)

    def emit(self, after: int, until: int, *, backlog: Backlog, before: tuple[Disposition, ...] = ()) -> Item:
        """Emit the oldest chunk of a backlog, (after, until]; the cursor ends on its last fire."""
        fires = list(islice(self.current.schedule.between_us(after, until), self.rules.chunk))
        ends = len(fires) < self.rules.chunk or fires[-1] >= backlog.up_to
        return self._item(fires, None if ends else backlog, before)

    def drain(self, backlog: Backlog) -> Item:
        """Emit the next chunk of a backlog whose terms were judged before."""
        until = min(backlog.up_to, self.window[0])
        oldest = next_owed(self.current.schedule, self.record)
        if oldest is None or oldest > until:
            return Item(
                name=self.name, expected=self.record.seq, record=replace(self.record, seq=self.window[2], backlog=None)
            )
        return self.emit(oldest - 1, until, backlog=backlog)

    def begin_backlog(self, oldest: int) -> Item:
        """Judge the backlog once: what is older than the grace or above the limit is missed, the rest is drained."""
        until, now = self.window[0], self.window[1]
        schedule = self.current.schedule
        newest = _last(schedule, until)
        cut = max(oldest - 1, now - self.entry.grace - 1)
        if schedule.count_us(cut, newest, self.entry.catch_up_limit + 1) > self.entry.catch_up_limit:
            cut = _before_newest(schedule, newest, self.entry.catch_up_limit)
        if cut < oldest:
            return self.emit(oldest - 1, newest, backlog=Backlog(now, newest))
        missed = self._range(Reason.MISSED, oldest, min(newest, _last(schedule, cut)))
        if cut >= newest:
            return self._item([], None, (missed,))
        return self.emit(cut, newest, backlog=Backlog(now, newest), before=(missed,))

    def newest(self, oldest: int, *, emit: bool) -> Item:
        """Emit the newest due fire, or none; what comes before is one range."""
        newest = _last(self.current.schedule, self.window[0])
        if not emit:
            return self._item([], None, (self._range(Reason.MISSED, oldest, newest),))
        if newest == oldest:
            return self._item([newest], None, ())
        dropped = self._range(Reason.COALESCED, oldest, _last(self.current.schedule, newest - 1))
        return self._item([newest], None, (dropped,))

    def _item(
        self,
        fires: list[int],
        backlog: Backlog | None,
        before: tuple[Disposition, ...],
        following: int | None = None,
    ) -> Item:
        emissions: list[Emission] = []
        ended: dict[int, Reason] = {}
        room = self._room()
        judge = overlapping(self.entry, self.record.tracking, self.window[1])
        cursor = self.record.cursor
        if before:
            cursor = max([each.last for each in before if each.last is not None], default=cursor)
        for fire in fires:
            reason = self._disposed(fire)
            if reason is None and room == 0:
                break
            if reason is None and not judge.takes():
                reason = Reason.OVERLAP_SKIPPED
            if reason is None:
                emissions.append(self._emission(fire))
                judge.emitted(emissions[-1])
                room -= 1
            else:
                ended[fire] = reason
            cursor = fire
        record = self._moved(cursor, len(emissions), backlog)
        dispositions = (*before, *self._ranges(ended)) if ended else before
        if record.open is not None:
            dispositions += (self._disposition(record.open, record.cursor + 1, None, None),)
        takes_in = record.version != self.record.version
        item = Item(
            name=self.name,
            expected=self.record.seq,
            record=record,
            emissions=tuple(emissions),
            dispositions=dispositions,
            takes_in=takes_in,
            of_row=takes_in and self.current.of_row,
            begins=self.record.cursor if takes_in else None,
            letters=tuple([self._letter(fire) for fire, reason in ended.items() if reason is Reason.REFUSED]),
            following=None if record.open is not None else following,
        )
        return judge.told(item)

    def _moved(self, cursor: int, emitted: int, backlog: Backlog | None) -> Record:
        runs = self.record.runs + emitted
        full = self.entry.max_runs is not None and runs >= self.entry.max_runs
        return replace(
            self.record,
            seq=self.window[2],
            version=self.current.number,
            fingerprint=self.current.version.fingerprint,
            cursor=cursor,
            runs=runs,
            backlog=None if full else backlog,
            open=Reason.LIMIT_REACHED if full else None,
        )

    def _room(self) -> int:
        """Return how many more fires ``max_runs`` allows; -1 for any number."""
        return -1 if self.entry.max_runs is None else max(0, self.entry.max_runs - self.record.runs)

    def _disposed(self, fire: int) -> Reason | None:
        if fire in self.window[3]:
            return Reason.REFUSED
        if self.entry.expires is not None and fire + self.entry.expires <= self.window[1]:
            return Reason.EXPIRED
        return None

    def _emission(self, fire: int) -> Emission:
        return emission(self.rules.namespace, self.entry, self.current.schedule, self.record.generation, fire)

    def _letter(self, fire: int) -> DeadLetter:
        return DeadLetter(replace(self._emission(fire).message, body=b""), self.window[3][fire])

    def _range(self, reason: Reason, first: int, last: int) -> Disposition:
        return self._disposition(reason, first, last, self.current.schedule.count_us(first - 1, last))

    def _disposition(self, reason: Reason, first: int, last: int | None, count: int | None) -> Disposition:
        return Disposition(self.name, self.record.generation, self.current.number, reason, first, last, count)

    def _ranges(self, ended: Mapping[int, Reason]) -> Iterator[Disposition]:
        """Yield one range for each run of fires that ended alike, one for each refused.

        Nothing emitted lies within a run: what has expired is the oldest, what an unfinished message skips the newest.
        """
        for reason, fires in groupby(ended, key=lambda fire: ended[fire]):
            run = list(fires)
            if reason is Reason.REFUSED:
                yield from (self._disposition(reason, fire, fire, 1) for fire in run)
            else:
                yield self._disposition(reason, run[0], run[-1], len(run))


def _last(schedule: Schedule, until: int) -> int:
    """Return the last fire time up to and including ``until``; there is one."""
    last = schedule.last_us(until + 1)
    if last is None:
        msg = f"{schedule} named a fire time and then denied it"
        raise AssertionError(msg)
    return last


def _before_newest(schedule: Schedule, newest: int, keep: int) -> int:
    """Return the moment after which exactly the newest ``keep`` fires up to ``newest`` lie."""
    moment = newest
    for _ in range(keep - 1):
        earlier = schedule.last_us(moment)
        if earlier is None:
            break
        moment = earlier
    return moment - 1 if keep else newest
