"""Schedulers that read tables and a file, and the dice that decide what happens to all of them."""

from functools import partial
from typing import NamedTuple

from beatd.core.entry import Version
from beatd.core.identity import PARTS
from beatd.core.line import compiled
from beatd.core.settling import Rules
from beatd.errors import BrokerUnavailableError
from beatd.ports import Applied
from beatd.scheduler.book import Book
from beatd.scheduler.claims import SET
from beatd.scheduler.emitter import Emitter
from beatd.scheduler.intake import Intake
from beatd.scheduler.report import Report
from beatd.scheduler.sources import SourceSet
from beatd.scheduler.tables.exchange import Exchange, Wake
from beatd.scheduler.tables.orphans import Orphans
from beatd.scheduler.tables.reader import Reader
from beatd.scheduler.tables.tables import Tables
from beatd.scheduler.timekeeper import Timekeeper
from beatd.stores.sets import Known as KnownOfSet
from beatd.stores.sets import compare, fingerprints
from tests.scheduler.model import SECOND, FlakyRecords
from tests.scheduler.rows_judge import RowsJudge
from tests.scheduler.rows_model import FILE, TABLES, Content, File, Known, ModelTable, RowStore, View, remember
from tests.scheduler.test_protocol_model import LATE_AFTER, NAMES, START

KEEP = 3700 * SECOND


class Host(NamedTuple):
    """One scheduler."""

    records: FlakyRecords
    book: Book
    emitter: Emitter
    tables: Tables
    views: list[View]
    readers: list[Reader]
    intake: Intake
    orphans: Orphans
    sources: SourceSet


class RowsWorld(RowsJudge):
    """Three schedulers, up to two tables, a file, and the dice."""

    def __init__(self, seed: int) -> None:
        self.memory: dict[str, dict[tuple[int, int], Known]] = {}
        self.tables: list[ModelTable] = []
        self.wake = Wake()
        self.file: dict[str, Content] = {}
        self.went_back = False
        self.marks: dict[int, int] = {}
        super().__init__(seed)
        self.crash(self.schedulers[0])

    def scheduler(self):
        dice = self.dice
        if not self.tables:
            # With the first scheduler, when the store is there.
            self.clock_is_set = False
            self.numbers = 0
            aheads = [dice.choice((0, 0, 30 * SECOND, -100 * SECOND)) for _ in TABLES]
            count = dice.choice((1, 1, 2))
            now = self.clock.now
            self.tables = [ModelTable(n, now, a, self.memory) for n, a in zip(TABLES[:count], aheads, strict=False)]
            self.has_file, self.goes_back = dice.random() < 0.6, dice.random() < 0.5
            self.installed = START + dice.choice((0, 10 * SECOND))
            self.store = RowStore(self.memory, now=self.clock.now, draw=lambda: dice.getrandbits(63))
        return self.host(is_old=dice.random() < 0.2)

    def host(self, *, is_old: bool) -> Host:
        records = FlakyRecords(self.store, self.dice)
        book, report, time = Book(), Report(), Timekeeper(self.clock)
        rules = Rules("beatd", LATE_AFTER, chunk=self.dice.choice((1, 3, 100)))
        draw = partial(self.dice.getrandbits, 63)
        emitter = Emitter(records, book, time, rules, report, catch_up_rate=1000, draw=draw)
        emitter.installed = self.installed
        views = [View(table, self.dice, is_old=is_old) for table in self.tables]
        readers = [Reader(view, view, self.clock, Exchange(self.wake), keep=KEEP) for view in views]
        tables = Tables(readers, emitter, time, report, lambda _: True)
        sources = SourceSet([File(self.file)] if self.has_file else [], self, "one")
        made = Host(
            records, book, emitter, tables, views, readers, Intake(emitter), Orphans(self.store, self.store), sources
        )
        self.start(made)
        return made

    def start(self, host: Host) -> None:
        """Do what a scheduler does before its first step."""
        host.tables.check(strict=False)
        newest = {name: versions[-1] for name, versions in self.store.definitions.items()}
        is_new = self.numbers == 0
        host.sources.elsewhere = lambda names: {} if is_new else host.tables.holding(names, newest)
        host.sources.above = lambda: max(host.book.highest, self.clock.now())
        host.sources.start()
        self.learn_set(host, after=0)
        host.intake.gain(range(PARTS))
        self.read_on(host)
        host.sources.elsewhere, host.sources.contested = host.tables.ruled, host.tables.contest_set

    # ------------------------------------------------------------ the set's store

    def apply(self, drafts, *, holder, replace=False, above=0):
        prints = fingerprints(drafts)
        newest = {name: versions[-1] for name, versions in self.store.definitions.items()}
        known = {name: KnownOfSet(version.fingerprint, version.removed) for name, version in newest.items()}
        applied = compare(known, prints, max(self.numbers, above) + 1)
        touched, by_name = (*applied.added, *applied.changed), {draft.name: draft for draft in drafts}
        if not touched and not applied.removed:
            return Applied(revision=self.numbers)
        self.numbers = applied.revision
        for name in touched:
            draft = by_name[name]
            self.define_in_set(name, Content(prints[name], draft.entry, draft.error))
        for name in applied.removed:
            self.define_in_set(name, None)
        return applied

    def define_in_set(self, name: str, content: Content | None) -> None:
        print_, now = content.fingerprint if content else 0, self.clock.now()
        version = Version(
            name=name,
            number=self.numbers,
            changed_at=now,
            fingerprint=print_,
            source=FILE if content else "file",
            entry=content and content.entry,
            error=content and content.error,
        )
        self.store.definitions.setdefault(name, []).append(version)
        remember(self.memory, name, self.numbers, Known(FILE, None, content, now))

    # ------------------------------------------------------------ what can happen

    def act(self) -> None:
        host = self.dice.choice(self.schedulers)
        deeds = {
            self.turn: 40, self.read: 25, self.look: 10, self.edit: 14, self.commit: 6, self.edit_file: 4,
            self.pause: 2, self.resume: 3, self.time: 25, self.crash: 3, self.arrive: 6, self.back: 1, self.work: 12,
            self.vanish: 1, self.restore: 1, self.go_behind: 2, self.prune: 1,
        }  # fmt: skip
        (deed,) = self.dice.choices(list(deeds), list(deeds.values()))
        deed(host)
        self.store.held()
        self.judge_counts()

    def turn(self, host: Host) -> None:
        """Take up what was read, and fire."""
        host.records.trouble = self.dice.choice((0.0, 0.0, 0.3))
        try:
            self.meet_strangers(host)
            self.read_on(host)
            self.obey(host, host.emitter.recall())
            host.emitter.fire_due()
            host.emitter.drain_late()
        except BrokerUnavailableError:
            pass

    def read(self, host: Host) -> None:
        """Let the tables be read, each a step further or as far as there is room."""
        for view, reader in zip(host.views, host.readers, strict=True):
            view.trouble = self.dice.choice((0.0, 0.0, 0.3))
            reader.hasten()
            try:
                for _ in range(self.dice.choice((1, 2, 6))):
                    reader.step()
            except BrokerUnavailableError:
                reader.reconnected()

    def look(self, host: Host) -> None:
        """Do what is done every second."""
        host.records.trouble = 0.0
        if host.tables.are_loaded:
            host.tables.doubt(host.orphans.find(host.book, self.clock.elapsed()))
            host.sources.reload()
        self.learn_set(host, after=host.book.revision)
        host.tables.look()
        self.marks[id(host.book)], records = self.store.noticed(self.marks.get(id(host.book), 0))
        host.book.settle_all(records, records)
        host.emitter.plan(records)

    def meet_strangers(self, host: Host) -> None:
        strangers = host.emitter.strangers
        of_tables = [name for name in strangers if host.book.newest(name, SET) is None]
        host.tables.doubt(of_tables)
        strangers.difference_update(of_tables)
        digest = {(each.name, each.number) for versions in self.store.definitions.values() for each in versions}
        if strangers or self.digests.get(id(host.book)) != digest:
            self.digests[id(host.book)] = digest
            again = strangers or self.numbers <= host.book.revision
            asked = sorted(strangers)
            strangers.clear()
            self.learn_set(host, after=0 if again else host.book.revision)
            host.tables.doubt(name for name in asked if not host.book.knows_version(name))

    def learn_set(self, host: Host, *, after: int) -> None:
        if self.numbers > after or after == 0:
            host.emitter.plan(host.book.learn(self.versions(after), whole=after == 0))

    def read_on(self, host: Host) -> None:
        while True:
            if not host.intake.is_idle:
                _, distance = host.intake.step()
                self.obey(host, distance)
                continue
            names = host.tables.take()
            if names is None:
                return
            host.emitter.plan([name for name in names if host.book.record(name) is not None])
            host.intake.add([name for name in names if host.book.record(name) is None])

    def obey(self, host: Host, distance: int) -> None:
        """Meet a store that went back."""
        if distance:
            self.learn_set(host, after=0)
            host.emitter.read_records(list(host.book))

    def content(self, name: str) -> Content:
        error = "broken" if self.dice.random() < 0.12 else None
        entry = None if error else self.entry(name)
        return Content(self.dice.getrandbits(62), entry, error, is_novel=error is None and self.dice.random() < 0.1)

    def edit(self, _) -> None:
        """Somebody changes a row, and commits at once or later."""
        table, name = self.dice.choice(self.tables), self.dice.choice(NAMES)
        if name in table.open:
            return
        if name in table.committed.rows and self.dice.random() < 0.25:
            table.delete(name)
        else:
            table.put(name, self.content(name))
        if self.dice.random() < 0.7:
            table.commit(name)

    def commit(self, _) -> None:
        table = self.dice.choice(self.tables)
        if table.open:
            table.commit(self.dice.choice(sorted(table.open)))

    def edit_file(self, _) -> None:
        name = self.dice.choice(NAMES)
        self.numbers_of_file = getattr(self, "numbers_of_file", 0) + 1
        if name in self.file and self.dice.random() < 0.4:
            del self.file[name]
        else:
            self.file[name] = self.content(name)._replace(is_novel=False)

    def time(self, *_) -> None:
        super().time()
        for table in self.tables:
            table.remember()

    def current(self, name, record):
        known = self.memory[name][record.version, record.fingerprint]
        content = known.content or Content(0, None)
        return compiled(
            Version(
                name=name,
                number=record.version,
                changed_at=known.made,
                fingerprint=record.fingerprint,
                source=known.source,
                entry=content.entry,
                error=content.error,
                generation=known.generation,
            )
        )

    def crash(self, host: Host) -> None:
        self.schedulers[[each.records for each in self.schedulers].index(host.records)] = self.scheduler()

    def arrive(self, host: Host) -> None:
        """What was given up arrives after all."""
        host.records.arrive()
        for table in self.tables:
            if table.touches:
                table.touch(table.touches.pop(self.dice.randrange(len(table.touches))))

    def back(self, *_) -> None:
        super().back()
        self.went_back = True

    def restore(self, _) -> None:
        table = self.dice.choice(self.tables)
        if self.goes_back and table.past:
            table.restore(self.dice)

    def go_behind(self, _) -> None:
        """Somebody changes a row behind the triggers."""
        table = self.dice.choice(self.tables)
        if self.goes_back and table.committed.rows:
            name = self.dice.choice(sorted(table.committed.rows))
            if self.dice.random() < 0.7:
                table.vanish(name, log=self.dice.random() < 0.5)
            else:
                table.alter(name, self.content(name))

    def prune(self, host: Host) -> None:
        before, book = self.clock.now() - KEEP, host.book
        for table in self.tables:
            taken = {name: record.version for name in NAMES if (record := book.record(name)) is not None}
            table.prune(before, taken.get)

    # ------------------------------------------------------------ recovery

    def heal(self) -> None:
        self.end_trouble()
        for seconds in (0, 1, 11, 61, 61, 601, 11, 61, 61, 1, 1):
            self.clock.advance(seconds * SECOND)
            for _ in range(3):
                self.round()
        quiet = 0
        for _ in range(3000):
            before = self.store.snapshot()
            self.round()
            self.end_all()
            quiet = quiet + 1 if before == self.store.truth else 0
            if quiet == 3:
                return
            self.clock.advance(20_000)
        raise AssertionError("did not come to rest")

    def end_trouble(self) -> None:
        """Let what is under way arrive, and one scheduler begin that can read everything."""
        self.schedulers[0] = self.host(is_old=False)
        for table in self.tables:
            for name in sorted(table.open):
                table.commit(name)
            for touch in table.touches:
                table.touch(touch)
        for host in self.schedulers:
            while host.records.afterwards:
                host.records.arrive()
            for view in host.views:
                view.trouble = 0.0
        self.resume()

    def round(self) -> None:
        for host in self.schedulers:
            host.records.trouble = 0.0
            self.look(host)
            for reader in host.readers:
                reader.hasten()
                for _ in range(8):
                    if not reader.step():
                        break
            self.meet_strangers(host)
            self.read_on(host)
            self.obey(host, host.emitter.recall())
            host.emitter.fire_due()
            host.emitter.drain_late()
