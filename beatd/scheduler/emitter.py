"""The part of the scheduler that steps: decides with ``core.firing``, acts on the records, remembers the answers."""

import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

from beatd.core.firing import Moment, decide, succeed_lost
from beatd.core.record import Answer, Item, Record
from beatd.core.settling import Rules
from beatd.ports import Records
from beatd.scheduler.agenda import Agenda
from beatd.scheduler.book import Book
from beatd.scheduler.report import Report
from beatd.scheduler.timekeeper import SECOND, Timekeeper

BATCH = 256
"""Entries in one step."""

AGAIN = 1 * SECOND

TURN = SECOND // 5
"""How long fires are settled at the most before edits and the lease are looked after."""


class _Step(NamedTuple):
    """Items under way, and what waits for their answers."""

    items: list[Item]
    answers: Callable[[], list[Answer]]


class Emitter:
    """Settles what is due of the names it is given to look after."""

    def __init__(
        self,
        records: Records,
        book: Book,
        time: Timekeeper,
        rules: Rules,
        report: Report,
        *,
        catch_up_rate: int,
        draw: Callable[[], int] | None = None,
    ) -> None:
        self._records = records
        self.book = book
        self._time = time
        self._rules = rules
        self._report = report
        self._catch_up_rate = catch_up_rate
        # Seeded by the system, once: a call to it for each fire takes as long as all else of a record's new number.
        self._draw = draw or partial(random.Random().getrandbits, 63)
        self._agenda = Agenda()
        self._late: deque[str] = deque()
        self._unsure: set[str] = set()
        self._refused: dict[str, Mapping[int, str]] = {}
        self._drained_at = time.elapsed()
        self.installed = 0
        self.strangers: set[str] = set()
        self._lost: dict[str, int] = {}
        self.when_stored: Callable[[Item], None] = lambda _: None

    @property
    def late(self) -> int:
        """How many entries wait in the line of the late."""
        return len(self._late)

    def __len__(self) -> int:
        return len(self._agenda)

    @property
    def unsure(self) -> bool:
        """Whether records are to be read again before anything else."""
        return bool(self._unsure)

    def next(self) -> int | None:
        """Return the earliest moment on the agenda."""
        return self._agenda.next()

    def next_due(self) -> int | None:
        """Return since when the oldest fire that is due waits, late or not; where none does, when the next one is."""
        first = (self.book.next_moment(name, self._time.now(), self.installed) for name in islice(self._late, 1))
        return min((moment for moment in (*first, self.next()) if moment is not None), default=None)

    def drop(self, names: set[str]) -> None:
        """Look after these no longer: whoever does so next reads their records anew."""
        for name in names:
            self._agenda.put(name, None)
        self._late = deque(name for name in self._late if name not in names)
        self._unsure -= names

    def plan(self, names: Iterable[str]) -> None:
        """Put names on the agenda where they now belong."""
        now = self._time.now()
        for name in names:
            self._agenda.put(name, self.book.next_moment(name, now, self.installed))

    def succeed(self, names: Iterable[str]) -> None:
        """Look after names whose record's version is lost for good: the next one is taken in at once."""
        now = self._time.now()
        for name in names:
            record = self.book.record(name)
            if record is not None:
                # Of this version alone: another scheduler may move the record by one that is not read here yet.
                self._lost[name] = record.version
            self._agenda.put(name, now)

    def read_records(self, names: list[str]) -> int:
        """Read these names' records and plan them; return by how much the store went back (0: it did not)."""
        records = self._records.load(names)
        self._report.trips += 1
        distance = 0
        for name in names:
            known, found = self.book.record(name), records.get(name)
            if known is None and found is None:
                continue
            distance = max(distance, _distance_back(known, found))
            self.book.settle(name, found)
        self.plan(names)
        return distance

    def recall(self) -> int:
        """Read again what became of entries whose last request got no answer; as ``read_records``."""
        if not self._unsure:
            return 0
        distance = self.read_records(sorted(self._unsure))
        self._unsure.clear()
        return distance

    def fire_due(self) -> None:
        """Settle what is due now, a batch at a time; what is late goes to a line of its own.

        While the store carries out one batch the next is made ready and sent. It has other entries: those of a batch
        come back to the agenda once its answer is known.
        """
        now = self._time.now()
        # The lease and the edits are looked after even while more is due than can be emitted.
        deadline = self._time.elapsed() + TURN
        former: _Step | None = None
        while True:
            names = self._agenda.pop_due(now, BATCH) if self._time.elapsed() <= deadline else []
            latter = self._begin(self._on_time(names, now), now, self._rules)
            if former is not None:
                self._finish(former, now)
            elif not names:
                return
            former = latter

    def _on_time(self, names: Iterable[str], now: int) -> list[str]:
        """Return those that are not late; those that are get in line."""
        on_time: list[str] = []
        moment = Moment(now, 0, self.installed)
        for name in names:
            is_late = self.book.is_late(name, moment, self._rules.late_after)
            (self._late if is_late else on_time).append(name)
        return on_time

    def drain_late(self) -> None:
        """Settle late entries at ``catch_up_rate``, in turn, so that those on time are not delayed."""
        elapsed = self._time.elapsed()
        if not self._late:
            self._drained_at = elapsed
            return
        budget = min(self._catch_up_rate, (elapsed - self._drained_at) * self._catch_up_rate // SECOND)
        if budget <= 0:
            return
        self._drained_at = elapsed
        while self._late and budget > 0:
            names = [self._late.popleft() for _ in range(min(len(self._late), BATCH, budget))]
            room = min(budget // len(names), self._rules.chunk)
            emitted = self._step(names, self._time.now(), Rules(self._rules.namespace, self._rules.late_after, room))
            budget -= max(len(names), emitted)

    def _step(self, names: Sequence[str], now: int, rules: Rules) -> int:
        """Carry out one item for each name that needs one; return how many messages were emitted."""
        step = self._begin(names, now, rules)
        return 0 if step is None else self._finish(step, now)

    def _begin(self, names: Sequence[str], now: int, rules: Rules) -> _Step | None:
        items = [item for name in names if (item := self._decide(name, now, rules)) is not None]
        if not items:
            return None
        # No answer: what was stored is in the records, which are read before anything is built on them.
        self._unsure.update([item.name for item in items])
        self._report.trips += 1
        return _Step(items, self._records.begin(items))

    def _finish(self, step: _Step, now: int) -> int:
        answers = step.answers()
        self._unsure.difference_update([item.name for item in step.items])
        emitted = 0
        for item, answer in zip(step.items, answers, strict=True):
            self._take_in(item, answer, now)
            if answer.stored:
                emitted += len(item.emissions)
        self._report.stepped(len(step.items), emitted)
        return emitted

    def _decide(self, name: str, now: int, rules: Rules) -> Item | None:
        moment = Moment(now, self._draw(), self.installed, self._refused.get(name, {}))
        if not self.book.knows_version(name):
            return self._decide_lost(name, moment)
        item = decide(name, self.book.line(name), self.book.record(name), moment, rules)
        if item is None:
            later = self.book.next_moment(name, now, self.installed)
            # Never ``now`` again, so that nothing spins.
            self._agenda.put(name, None if later is None else max(later, now + 1))
        return item

    def _decide_lost(self, name: str, moment: Moment) -> Item | None:
        record = self.book.record(name)
        item = None
        if record is not None and self._lost.get(name) == record.version:
            item = succeed_lost(name, self.book.line(name), record, moment)
        if item is None:
            self._leave_alone(name, moment.now)
        return item

    def _take_in(self, item: Item, answer: Answer, now: int) -> None:
        """Take note of what became of an item."""
        name, following = item.name, None
        if answer.unheld:
            self._leave_alone(name, now)
            return
        if answer.stored:
            self._refused.pop(name, None)
            self._lost.pop(name, None)
            if not self.book.settle(name, item.record):
                following = item.following
            self._report.settled(item, answer, now)
            self.when_stored(item)
        elif answer.refused:
            self._refused[name] = {**self._refused.get(name, {}), **dict(answer.refused)}
            self._report.refused(name, answer)
        else:
            self._report.conflicts += 1
            if _distance_back(self.book.record(name), answer.record):
                # Read again with all that is unsure, so that a store that went back is met in one place.
                self._unsure.add(name)
                return
            self.book.settle(name, answer.record)
        if following is None:
            following = self.book.next_moment(name, now, self.installed)
        self._agenda.put(name, following)

    def _leave_alone(self, name: str, now: int) -> None:
        """Do not fire an entry whose version is not known here or not held by the store; look again soon."""
        self._report.stranger(name)
        self.strangers.add(name)
        # Of the two that do not fit together the record may be the older one.
        self._unsure.add(name)
        self._agenda.put(name, now + AGAIN)


def _distance_back(known: Record | None, found: Record | None) -> int:
    """Return by how many microseconds a record is behind the one known from an earlier answer; 0 where it is not."""
    if known is None or (found is None and known.removed):
        return 0
    return max(0, known.cursor - (found.cursor if found else 0))
