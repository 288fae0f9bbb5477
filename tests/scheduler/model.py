"""A store of the protocol in plain Python, with a memory of everything, for the random model and the engine's tests."""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from beatd.core.ending import End, Ending, ended
from beatd.core.entry import Entry, Overlap, Version
from beatd.core.record import Answer, Disposition, Item, Reason, Record
from beatd.errors import BrokerUnavailableError

SECOND = 1_000_000


@dataclass
class Truth:
    """What the store holds; all of it goes back together."""

    records: dict[str, Record] = field(default_factory=dict)
    emitted: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    dispositions: list[Disposition] = field(default_factory=list)
    # (name, generation, version, since, fingerprint) of each version that was taken in.
    takings: list[tuple[str, int, int, int, int]] = field(default_factory=list)
    # By id: waiting, running, held, over; what vanished is not there, and nobody was told.
    messages: dict[str, str] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)


@dataclass
class ModelStore:
    """Compare-and-set on records, with messages and dispositions, as one step; definitions beside it."""

    truth: Truth = field(default_factory=Truth)
    definitions: dict[str, list[Version]] = field(default_factory=dict)
    now: Callable[[], int] = int
    furthest: int = 0  # what the clock has read before it was set back
    draw: Callable[[], int] = int

    sees_finish = True

    def load(self, names=None):
        wanted = self.truth.records if names is None else names
        return {name: self.truth.records[name] for name in wanted if name in self.truth.records}

    def noticed(self, since):
        return since, {}

    def step(self, items):
        return [self._one(item) for item in items]

    def entry_of(self, item: Item) -> Entry:
        """Return the entry whose fields rule an item."""
        return next(each.entry for each in self.definitions[item.name] if each.number == item.record.version)

    def snapshot(self) -> Truth:
        return copy.deepcopy(self.truth)

    def _one(self, item: Item) -> Answer:
        record = self.truth.records.get(item.name)
        if (record.seq if record else None) != item.expected:
            return Answer(False, record)
        if not self._held(item):
            return Answer(False, record, unheld=True)
        if item.rests_on is not None and not self._alive(item.rests_on.id):
            self._tell(Ending(item.name, item.rests_on.id, item.rests_on.fire_time))
            return Answer(False, self.truth.records[item.name])
        repeated = [each.message.id for each in item.emissions if each.message.id in self.truth.emitted]
        self.truth.repeated += repeated
        for each in item.emissions:
            self._emit(item, each.message.id, each.fire_time)
        self._check_skipped(item)
        self._move(item)
        if item.closes is not None:
            self._close(item.closes)
        self.truth.dispositions += item.dispositions
        if record is None or item.record.since != record.since or item.record.version != record.version:
            taken = item.record
            self.truth.takings.append((item.name, taken.generation, taken.version, taken.since, taken.fingerprint))
        self.truth.records[item.name] = item.record
        if item.record.tracking is None or not item.record.tracking.pause_after or item.record.tracking.failures == 0:
            self.truth.failures.pop(item.name, None)
        return Answer(True, item.record, tuple(repeated))

    # ------------------------------------------------------------ messages, and what their ends do

    def finish(self, message_id: str, end: End) -> None:
        """End a message, and tell its entry in the same step."""
        name, generation, fire_time = self.truth.emitted[message_id]
        self.truth.messages[message_id] = "over"
        record = self.truth.records[name]
        tracking = record.tracking
        if record.generation == generation and tracking is not None and tracking.pause_after and end is not End.NEITHER:
            former = self.truth.failures.get(name, 0)
            self.truth.failures[name] = former + 1 if end is End.FAILURE else 0
        self._tell(Ending(name, message_id, fire_time, end))
        tracking = self.truth.records[name].tracking
        if record.generation == generation and tracking is not None and tracking.pause_after:
            assert tracking.failures == self.truth.failures.get(name, 0)
            # A limit that an edit lowered below the count is reached with the next failure.
            reached = end is End.FAILURE and tracking.failures >= tracking.pause_after
            assert not reached or self.truth.records[name].pause is not None
            assert end is End.FAILURE or self.truth.records[name].pause == record.pause

    def held(self) -> list[str]:
        """Return what is held, after a look at whether each stands behind something, one behind each entry."""
        found = [message_id for message_id, state in self.truth.messages.items() if state == "held"]
        names = [self.truth.emitted[each][0] for each in found]
        assert len(set(names)) == len(names), "two messages of one entry are held"
        for message_id, name in zip(found, names, strict=True):
            tracking = self.truth.records[name].tracking
            assert tracking is not None, "a held message is forgotten"
            assert tracking.held is not None, "a held message is forgotten"
            assert tracking.held.id == message_id, "a held message is forgotten"
            assert tracking.unfinished is not None, "held behind nothing"
            assert self.truth.messages.get(tracking.unfinished.id) != "over", "held behind what has ended"
        return found

    def _alive(self, message_id: str) -> bool:
        return self.truth.messages.get(message_id, "over") != "over"

    def _emit(self, item: Item, message_id: str, fire_time: int) -> None:
        if message_id in self.truth.emitted:
            return
        entry = self.entry_of(item)
        held = item.record.tracking.held if item.record.tracking else None
        is_held = held is not None and held.id == message_id
        record = self.truth.records.get(item.name)  # of a row it is made with its first fire
        former = record.tracking if record else None
        if entry.overlap in {Overlap.SKIP, Overlap.QUEUE_ONE} and not is_held and former and former.unfinished:
            # Emitted beside another: only where that one is waited for no longer, and none is held behind it.
            # Counted from the decision, which a request that arrives late was made long before.
            assert former.unfinished.since <= self.truth.since[former.unfinished.id]
            assert max(self.now(), self.furthest) - former.unfinished.since >= entry.overlap_timeout, "two at once"
            assert former.held is None, "two at once"
        self.truth.emitted[message_id] = (item.name, item.record.generation, fire_time)
        self.truth.messages[message_id] = "held" if is_held else "waiting"
        self.truth.since[message_id] = max(self.now(), self.furthest)

    def _check_skipped(self, item: Item) -> None:
        """A fire is skipped for a message that has not ended, and with ``queue_one`` only if another one is held."""
        if not any(each.reason is Reason.OVERLAP_SKIPPED for each in item.dispositions):
            return
        tracking = item.record.tracking
        entry = self.entry_of(item)
        assert tracking.unfinished is not None
        assert self._alive(tracking.unfinished.id), "skipped for what has ended"
        assert (tracking.held is not None) or entry.overlap is Overlap.SKIP, "skipped with nothing held"

    def _move(self, item: Item) -> None:
        for message_id in item.releases:
            if self.truth.messages.get(message_id) == "held":
                self.truth.messages[message_id] = "waiting"
                self.truth.since[message_id] = max(self.now(), self.furthest)
        for message_id, _ in item.cancels:
            if self.truth.messages.get(message_id) in {"held", "waiting"}:
                self.truth.messages[message_id] = "over"

    def _tell(self, ending: Ending) -> None:
        item = ended("beatd", self.truth.records[ending.entry], ending, now=self.now(), seq=self.draw())
        if item is not None:
            self._move(item)
            self.truth.dispositions += item.dispositions
            self.truth.records[item.name] = item.record

    def _held(self, item: Item) -> bool:
        """Whether the version taken in is one the store has, and a first record begins with the first of its name."""
        if item.of_row:
            return True
        versions = self.definitions.get(item.name, [])
        if item.expected is None:
            first = next((each for each in versions if each.entry is not None or each.error is not None), None)
            taken = (item.record.version, item.record.fingerprint)
            return first is not None and (first.number, first.fingerprint) == taken
        taken = (item.record.version, item.record.fingerprint)
        return not item.takes_in or any((each.number, each.fingerprint) == taken for each in versions)

    def _close(self, closing: Disposition) -> None:
        (at,) = [
            index
            for index, each in enumerate(self.truth.dispositions)
            if each.entry == closing.entry and each.last is None
        ]
        assert self.truth.dispositions[at].first == closing.first
        assert self.truth.dispositions[at].reason == closing.reason
        self.truth.dispositions[at] = closing


class FlakyRecords:
    """One scheduler's way to the store: requests and replies get lost, or arrive long after they were given up."""

    def __init__(self, store: ModelStore, dice: random.Random) -> None:
        self.store = store
        self.dice = dice
        self.trouble = 0.0
        self.afterwards: list[list[Item]] = []

    def load(self, names=None):
        if self.dice.random() < self.trouble:
            raise BrokerUnavailableError("model://", "lost")
        return self.store.load(names)

    def noticed(self, since):
        return self.store.noticed(since)

    def step(self, items):
        if self.dice.random() >= self.trouble:
            return self.store.step(items)
        kind = self.dice.choice(("request lost", "reply lost", "late"))
        if kind == "reply lost":
            self.store.step(items)
        elif kind == "late":
            self.afterwards.append(list(items))
        raise BrokerUnavailableError("model://", kind)

    def begin(self, items):
        """What is under way may be carried out at once, or only when its answer is waited for."""
        if self.dice.random() < 0.5:
            return lambda: self.step(items)
        answers = self.step(items)
        return lambda: answers

    def arrive(self) -> None:
        """A request that was given up arrives after all."""
        if self.afterwards:
            self.store.step(self.afterwards.pop(self.dice.randrange(len(self.afterwards))))


class ModelClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: int) -> None:
        self.wall = self.mono = now

    def now(self) -> int:
        return self.wall

    def elapsed(self) -> int:
        return self.mono

    def advance(self, microseconds: int) -> None:
        self.wall += microseconds
        self.mono += microseconds

    def step(self, microseconds: int) -> None:
        self.wall += microseconds
