"""A random model of the protocol: schedulers that all act on everything, without leases, under every kind of trouble.

The judge recomputes from the definitions and the log of versions taken in what should have fired, by arithmetic of its
own, and demands that each fire was emitted once or is on record once.
"""

import random
from functools import partial
from itertools import chain

import pytest

from beatd.core.ending import End
from beatd.core.entry import Entry, Misfire, Overlap, Version
from beatd.core.firing import paused, resumed
from beatd.core.line import Compiled, renewed
from beatd.core.record import Pause, Record
from beatd.core.settling import Rules
from beatd.errors import BrokerUnavailableError
from beatd.scheduler.book import Book
from beatd.scheduler.emitter import Emitter
from beatd.scheduler.report import Report
from beatd.scheduler.timekeeper import HOLD, Timekeeper
from tests.scheduler.model import SECOND, FlakyRecords, ModelClock, ModelStore
from tests.scheduler.seeds import BLOCKS, live

START = 1_767_225_600 * SECOND
NAMES = ("a", "b", "c")
LATE_AFTER = 20 * SECOND


class World:
    """Three schedulers, one store, and the dice."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.clock = ModelClock(START + self.dice.randrange(SECOND))
        self.store = ModelStore(now=self.clock.now, draw=lambda: self.dice.getrandbits(63))
        self.numbers = 0
        # Half of the worlds have a clock that nobody sets.
        self.clock_is_set = self.dice.random() < 0.5
        # In half of them the definitions lie in the store of the records, and go back with these.
        self.set_goes_back = self.dice.random() < 0.5
        self.digests: dict[int, object] = {}
        self.schedulers = [self.scheduler() for _ in range(3)]
        self.past = [self.present()]

    def present(self):
        """Return a copy of the store as it is."""
        definitions = {name: list(versions) for name, versions in self.store.definitions.items()}
        return self.store.snapshot(), definitions, self.numbers

    def scheduler(self):
        records = FlakyRecords(self.store, self.dice)
        book, report, time = Book(), Report(), Timekeeper(self.clock)
        rules = Rules("beatd", LATE_AFTER, chunk=self.dice.choice((1, 3, 100)))
        draw = partial(self.dice.getrandbits, 63)
        emitter = Emitter(records, book, time, rules, report, catch_up_rate=1000, draw=draw)
        emitter.installed = START
        return records, book, emitter

    # ------------------------------------------------------------ what can happen

    def act(self) -> None:
        records, book, emitter = self.dice.choice(self.schedulers)
        deed = self.dice.choices(
            (
                *(self.tick, self.learn, self.edit, self.pause, self.resume, self.time),
                *(self.step, self.crash, self.late, self.back, self.work, self.vanish),
            ),
            (40, 15, 6, 3, 5, 25, 2, 3, 6, 1, 15, 1),
        )[0]
        deed(records, book, emitter)
        self.store.held()

    def tick(self, records, book, emitter) -> None:
        records.trouble = self.dice.choice((0.0, 0.0, 0.3))
        try:
            if emitter.strangers:
                self.learn(records, book, emitter)
            if emitter.recall():
                self.learn(records, book, emitter, whole=True)
            emitter.fire_due()
            emitter.drain_late()
        except BrokerUnavailableError:
            pass

    def learn(self, records, book, emitter, *, whole: bool = False) -> None:
        """Read the definitions, all of them or only those newer than what is known, and then the records."""
        digest = {(each.name, each.number, each.fingerprint) for each in chain(*self.store.definitions.values())}
        is_another = digest != self.digests.get(id(book)) and self.numbers <= book.revision
        whole = whole or is_another or bool(emitter.strangers) or self.dice.random() < 0.2
        emitter.strangers.clear()
        self.digests[id(book)] = digest
        if book.revision < self.numbers or whole:
            book.learn(self.versions(0 if whole else book.revision), whole=whole)
        try:
            if emitter.read_records(list(self.store.definitions)):
                book.learn(self.versions(0), whole=True)
        except BrokerUnavailableError:
            pass

    def versions(self, after):
        """Return what the store gives of definitions: of the names touched since, those that records still need."""
        found = []
        for name, versions in self.store.definitions.items():
            record = self.store.truth.records.get(name)
            if versions[-1].number > after:
                found += [v for v in versions if record is None or record.removed or v.number >= record.version]
        return found

    def edit(self, *_) -> None:
        name = self.dice.choice(NAMES)
        former = self.store.definitions.setdefault(name, [])
        self.numbers += 1
        # Begun up to five seconds before it is committed, but never before the former edit of the name.
        changed_at = self.clock.now() - self.dice.randrange(5 * SECOND)
        if former:
            changed_at = max(changed_at, former[-1].changed_at + 1)
        kind = self.dice.random()
        entry, error = self.entry(name), None
        if kind < 0.12:
            entry = None
        elif kind < 0.24:
            entry, error = None, "broken"
        self.append(name, changed_at, entry, error)

    def define(self, name: str, schedule: str) -> None:
        """Commit an edit at once."""
        self.store.definitions.setdefault(name, [])
        self.numbers += 1
        entry = Entry(name=name, task="t", schedule=schedule, args=[self.numbers])
        self.append(name, self.clock.now(), entry, None)

    def append(self, name: str, changed_at: int, entry: Entry | None, error: str | None) -> None:
        version = Version(
            name=name,
            number=self.numbers,
            changed_at=changed_at,
            fingerprint=self.dice.getrandbits(62),
            entry=entry,
            error=error,
        )
        self.store.definitions[name].append(version)

    def entry(self, name: str) -> Entry:
        return Entry(
            name=name,
            task="t",
            schedule=f"every {self.dice.choice((1, 2, 3, 7))}s",
            args=[self.numbers],
            misfire=self.dice.choice(list(Misfire)),
            grace=self.dice.choice((30 * SECOND, 300 * SECOND)),
            catch_up_limit=self.dice.choice((5, 1000)),
            max_runs=self.dice.choice((None, None, None, 4, 30)),
            expires=self.dice.choice((None, None, 10 * SECOND)),
            overlap=self.dice.choice(list(Overlap)),
            overlap_timeout=self.dice.choice((5 * SECOND, 100 * SECOND)),
            pause_after_failures=self.dice.choice((0, 0, 1, 3)),
            enabled=self.dice.random() > 0.1,
        )

    def pause(self, *_) -> None:
        name = self.dice.choice(NAMES)
        record = self.store.truth.records.get(name)
        if record is not None and not record.removed:
            note = Pause("me", self.clock.now(), "why")
            assert self.store.step([paused(name, record, note, self.dice.getrandbits(63))])[0].stored

    def resume(self, *_) -> None:
        for name, record in list(self.store.truth.records.items()):
            if record.pause is not None:
                item = resumed(name, self.current(name, record), record, self.clock.now(), self.dice.getrandbits(63))
                assert self.store.step([item])[0].stored

    def current(self, name: str, record: Record) -> Compiled | None:
        """Return the version that a record was moved by."""
        line = renewed((), self.store.definitions[name])
        return next(each for each in line if each.number == record.version)

    def time(self, *_) -> None:
        self.clock.advance(self.dice.choice((100_000, SECOND, 3 * SECOND, 15 * SECOND, 90 * SECOND, 900 * SECOND)))
        self.past.append(self.present())

    def step(self, *_) -> None:
        """The clock that all go by is set forward or back."""
        if self.clock_is_set:
            self.store.furthest = max(self.store.furthest, self.clock.now())
            self.clock.step(self.dice.choice((-7200, -90, -5, 5, 90, 7200)) * SECOND)

    def crash(self, records, book, emitter) -> None:
        self.schedulers[[each[0] for each in self.schedulers].index(records)] = self.scheduler()

    def late(self, records, *_) -> None:
        records.arrive()

    def back(self, *_) -> None:
        """The store loses what happened lately; a request from before may still be under way."""
        truth, definitions, numbers = self.dice.choice(self.past[-4:])
        self.store.truth = truth
        if self.set_goes_back:
            self.store.definitions, self.numbers = definitions, numbers
        self.past = [self.present()]
        self.store.truth = self.store.snapshot()

    def work(self, *_) -> None:
        """A message begins, or ends in some way."""
        found = [each for each, state in self.store.truth.messages.items() if state in {"waiting", "running"}]
        if found:
            message_id = self.dice.choice(found)
            if self.store.truth.messages[message_id] == "waiting" and self.dice.random() < 0.3:
                self.store.truth.messages[message_id] = "running"
            else:
                self.store.finish(message_id, self.dice.choice(list(End)))

    def vanish(self, *_) -> None:
        """A message is gone from the broker, and nobody was told."""
        found = [each for each, state in self.store.truth.messages.items() if state == "waiting"]
        if found:
            del self.store.truth.messages[self.dice.choice(found)]

    def end_all(self) -> None:
        """Everything ends well; what was held behind it, too, or vanished before it."""
        while True:
            waiting = [each for each, state in self.store.truth.messages.items() if state in {"waiting", "running"}]
            for message_id in waiting:
                self.store.finish(message_id, End.SUCCESS)
            if not waiting:
                break

    def heal(self) -> None:
        for records, book, emitter in self.schedulers:
            while records.afterwards:
                records.arrive()
        self.resume()
        self.pass_what_was_settled()
        quiet = 0
        for _ in range(400):
            before = self.store.snapshot()
            for records, book, emitter in self.schedulers:
                records.trouble = 0.0
                book.learn(self.versions(0), whole=True)
                emitter.strangers.clear()
                emitter.recall()
                emitter.read_records(list(NAMES))
                emitter.fire_due()
                emitter.drain_late()
            self.end_all()
            quiet = quiet + 1 if before == self.store.truth else 0
            if quiet == 3:
                return
            self.clock.advance(10_000)
        pytest.fail("did not come to rest")

    def pass_what_was_settled(self) -> None:
        """Let a step of the clock be believed, and the clock pass all that was settled before it was set back."""
        cursors = [record.cursor for record in self.store.truth.records.values()]
        changes = [versions[-1].changed_at for versions in self.store.definitions.values()]
        for _, _, emitter in self.schedulers:
            emitter.plan(NAMES)
        self.clock.advance(max(HOLD + SECOND, *(moment - self.clock.now() for moment in (*cursors, *changes, 0))))

    # ------------------------------------------------------------ the judge

    def judge(self) -> None:
        truth, now = self.store.truth, self.clock.now()
        assert not truth.repeated, "a message was inserted twice"
        for message_id in self.store.held():
            unfinished = truth.records[truth.emitted[message_id][0]].tracking.unfinished
            assert unfinished.id not in truth.messages, "held for ever"
        for name in NAMES:
            owning = self.owning(name)
            self.judge_order(name, owning)
            for generation in {each[0] for each in owning}:
                emitted = sorted(fire for n, g, fire in truth.emitted.values() if (n, g) == (name, generation))
                expected = self.expected(name, generation, owning, now)
                disposed = self.disposed(name, generation, expected, emitted, now)
                assert len(set(emitted)) == len(emitted)
                assert set(emitted) <= set(expected), "emitted what no version owned"
                assert not set(emitted) & disposed, "emitted and disposed"
                missing = set(expected) - set(emitted) - disposed
                assert not missing, f"lost {name} {sorted(missing)[:5]}"

    def owning(self, name):
        """Return (generation, version, since) of every version taken in that changed what is owned."""
        by_number = {version.number: version for version in self.store.definitions.get(name, [])}
        taken, former = [], "removed"
        for entry, generation, number, since, _ in self.store.truth.takings:
            if entry == name and self.what(by_number[number]) != former:
                taken.append((generation, number, since))
                former = self.what(by_number[number])
        return taken

    def judge_order(self, name, owning) -> None:
        """No version that changed the schedule is left out, and none begins before it was made."""
        versions = self.store.definitions.get(name, [])
        numbers = [number for _, number, _ in owning]
        assert numbers == sorted(numbers)
        made = {version.number: version.changed_at for version in versions}
        # By a clock that is set a version may be from a moment that is yet to come, and begins at once.
        assert self.clock_is_set or all(since >= made[number] for _, number, since in owning)
        what, needed = "removed", []
        for version in versions:
            is_now = self.what(version)
            if is_now != what:
                needed.append(version.number)
            what = is_now
        assert [number for number in needed if number not in numbers] == []

    @staticmethod
    def what(version):
        if version.entry is None:
            return version.error or "removed"
        return (version.entry.schedule, version.entry.enabled)

    def expected(self, name, generation, owning, now):
        by_number = {version.number: version for version in self.store.definitions[name]}
        fires = []
        for (g, number, since), following in zip(owning, [*owning[1:], None], strict=True):
            until = now if following is None else following[2]
            entry = by_number[number].entry
            if g == generation and entry is not None and entry.enabled:
                period = int(entry.schedule.split()[1][:-1]) * SECOND
                fires += range((since // period + 1) * period, until + 1, period)
        return fires

    def disposed(self, name, generation, expected, emitted, now):
        covered: set[int] = set()
        for each in self.store.truth.dispositions:
            if (each.entry, each.generation) == (name, generation):
                last = now if each.last is None else each.last
                inside = {fire for fire in expected if each.first <= fire <= last}
                assert not inside & covered, "two ranges hold one fire"
                if each.last is not None and each.count is not None:
                    assert each.count == len(inside), f"{each} holds {len(inside)}"
                covered |= inside
        return covered


def run_model(seeds) -> None:
    for seed in seeds:
        live(World(seed), seed)


@pytest.mark.parametrize("block", BLOCKS)
def test_no_fire_is_lost_doubled_or_stale_whatever_happens(block) -> None:
    run_model(range(block * 60, block * 60 + 60))


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS)
def test_the_model_holds_over_thousands_of_runs(block) -> None:
    run_model(range(10_000 + block * 1000, 10_000 + block * 1000 + 1000))
