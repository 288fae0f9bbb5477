"""A store of the protocol in plain Python, with a memory of everything, for the random model and the engine's tests."""

import copy
import random
from dataclasses import dataclass, field

from beatd.core.entry import Version
from beatd.core.record import Answer, Disposition, Item, Record
from beatd.errors import BrokerUnavailableError

SECOND = 1_000_000


@dataclass
class Truth:
    """What the store holds; all of it goes back together."""

    records: dict[str, Record] = field(default_factory=dict)
    emitted: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    dispositions: list[Disposition] = field(default_factory=list)
    takings: list[tuple[str, int, int, int]] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)


@dataclass
class ModelStore:
    """Compare-and-set on records, with messages and dispositions, as one step; definitions beside it."""

    truth: Truth = field(default_factory=Truth)
    definitions: dict[str, list[Version]] = field(default_factory=dict)

    def load(self, names=None):
        wanted = self.truth.records if names is None else names
        return {name: self.truth.records[name] for name in wanted if name in self.truth.records}

    def noticed(self, since):
        return since, {}

    def step(self, items):
        return [self._one(item) for item in items]

    def snapshot(self) -> Truth:
        return copy.deepcopy(self.truth)

    def _one(self, item: Item) -> Answer:
        record = self.truth.records.get(item.name)
        if (record.seq if record else None) != item.expected:
            return Answer(False, record)
        if not self._held(item):
            return Answer(False, record, unheld=True)
        repeated = [each.message.id for each in item.emissions if each.message.id in self.truth.emitted]
        self.truth.repeated += repeated
        for each in item.emissions:
            self.truth.emitted[each.message.id] = (item.name, item.record.generation, each.fire_time)
        if item.closes is not None:
            self._close(item.closes)
        self.truth.dispositions += item.dispositions
        if record is None or item.record.since != record.since or item.record.version != record.version:
            taken = (item.name, item.record.generation, item.record.version, item.record.since)
            self.truth.takings.append(taken)
        self.truth.records[item.name] = item.record
        return Answer(True, item.record, tuple(repeated))

    def _held(self, item: Item) -> bool:
        """Whether the version taken in is one the store has, and a first record begins with the first of its name."""
        versions = self.definitions[item.name]
        if item.expected is None:
            first = next(each for each in versions if each.entry is not None or each.error is not None)
            return (first.number, first.fingerprint) == (item.record.version, item.record.fingerprint)
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
