"""Judges what was done to rows, by what was committed and what was taken in, with arithmetic of its own."""

from itertools import pairwise
from typing import Any

from tests.scheduler.model import SECOND
from tests.scheduler.rows_model import Content, Known, ModelTable
from tests.scheduler.test_protocol_model import NAMES, World


class RowsJudge(World):
    """What a world of rows must be like in the end."""

    memory: dict[str, dict[tuple[int, int], Known]]
    tables: list[ModelTable]
    file: dict[str, Content]
    has_file: bool
    went_back: bool
    installed: int

    schedulers: list[Any]

    def judge(self) -> None:
        super().judge()
        for host in self.schedulers:
            told = [host.book.rows(number) for number in range(len(self.tables))]
            assert told == [len(table.committed.rows) for table in self.tables], "rows are counted wrong"

    def judge_counts(self) -> None:
        """As many rows are counted as there are in the book."""
        for host in self.schedulers:
            for number in range(len(self.tables)):
                there = [name for name in NAMES if host.book.has(name, number)]
                assert host.book.rows(number) == len(there), "rows are counted wrong"

    def owning(self, name):
        taken, former = [], None
        for entry, generation, number, since, fingerprint in self.store.truth.takings:
            if entry != name:
                continue
            what = self.what_of(name, number, fingerprint)
            # The same row in another life, or a touched one, is taken in anew, and owns what it did.
            if what != former:
                taken.append((generation, (number, fingerprint), since))
                former = what
        return taken

    def known(self, name, key) -> Known:
        number, fingerprint = key
        # A removal that nobody logged.
        return self.memory[name].get((number, fingerprint)) or Known("?", None, None, 0)

    def what_of(self, name, number, fingerprint):
        known = self.known(name, (number, fingerprint))
        if known.content is None:
            return "removed"
        if known.content.entry is None:
            return (known.source, known.generation, "broken")
        entry = known.content.entry
        return (known.source, known.generation, entry.schedule, entry.enabled)

    def expected(self, name, generation, owning, now):
        fires = []
        for (g, key, since), following in zip(owning, [*owning[1:], None], strict=True):
            until = now if following is None else following[2]
            content = self.known(name, key).content
            if g == generation and content is not None:
                fires += _fires(content, since, until)
        return fires

    def judge_order(self, name, owning) -> None:
        """No version that changed the schedule is left out, none begins before it was made, the newest one rules."""
        takings = [each for each in self.store.truth.takings if each[0] == name]
        for former, latter in pairwise(takings):
            assert former[2] < latter[2] or (former[2], former[4]) == (latter[2], latter[4]), "an older version"
            self.judge_pair(name, (former[2], former[4]), (latter[2], latter[4]))
        for _, key, since in owning:
            # Several edits of one moment have numbers after it.
            assert since >= self.known(name, key).made - 1000, "begins before it was made"
        self.judge_begin(name, takings)
        self.judge_end(name, takings)

    def judge_begin(self, name, takings) -> None:
        """The first version that was taken in is the first one that there was; known where one table has all names."""
        (table, *others), went_back = self.tables, self.went_back
        versions = [] if others or self.has_file or went_back or name in table.tainted else table.versions.get(name, [])
        there = [each for each in versions if self.known(name, each).content is not None]
        if takings and there and not self.known(name, there[0]).content.is_novel:
            first = self.what_of(name, takings[0][2], takings[0][4])
            assert first == self.what_of(name, *there[0]), "the first version was left out"

    def judge_pair(self, name, former, latter) -> None:
        """Nothing that a table has told lies between two versions that were taken in one after another."""
        was, is_ = self.known(name, former), self.known(name, latter)
        tables = {table.name: table for table in self.tables}
        # Who has not met yet that the store went back may drop what is needed again; the log is kept for long.
        if self.went_back and any(table.is_pruned for table in self.tables):
            return
        if any(name in tables[each.source].tainted for each in (was, is_) if each.source in tables):
            return
        if "?" in {was.source, is_.source}:
            return
        if was.source != is_.source:
            assert was.content is None, f"taken from one that has it: {former} {was}, {latter} {is_}"
            return
        table = tables.get(was.source)
        if table is None:
            return
        # A removal that was noted while the row was being made has a higher number, and the row's commit undoes it.
        since = table.versions[name][table.versions[name].index(former) :]
        between = [each for each in since if former[0] < each[0] < latter[0]]
        if not any(each.content and each.content.is_novel for each in (was, *(self.known(name, b) for b in between))):
            owned = {self.what_of(name, *each) for each in (former, *between)}
            assert len(owned) == 1, f"a version was left out: {former} {latter} {name} {between}"

    def judge_end(self, name, takings) -> None:
        """What rules now is the newest version of one that has the name, or nobody has it."""
        live = {
            table.name: (row.number, row.generation, row.content)
            for table in self.tables
            if (row := table.committed.rows.get(name)) is not None
        }
        of_set = self.store.definitions.get(name, [None])[-1]
        in_set = of_set is not None and not of_set.removed
        record = self.store.truth.records.get(name)
        if not live and self.has_file:
            assert in_set == (name in self.file), "the file has it, and not the set"
        if record is None:
            assert not in_set, "the set's entry has no record"
            # Of several that have it, one is left to itself, and may be one that owes nothing.
            made = [(row, self.known(name, (number, row.fingerprint)).made) for number, _, row in live.values()]
            owed = [_fires(row, max(at, self.installed), self.clock.now()) for row, at in made]
            assert not owed or not all(owed), "a row has died in silence"
            return
        if record.removed:
            assert not live, f"the row {name} does not come back"
            assert not in_set, f"the set's {name} does not come back"
            return
        now = {(number, content.fingerprint) for number, _, content in live.values()}
        if in_set:
            now.add((of_set.number, of_set.fingerprint))
        what = {self.what_of(name, *each) for each in now}
        assert self.what_of(name, record.version, record.fingerprint) in what, f"{name} is not ruled by what there is"


def _fires(content: Content, since: int, until: int) -> range:
    if content.entry is None or not content.entry.enabled:
        return range(0)
    period = int(content.entry.schedule.split()[1][:-1]) * SECOND
    return range((since // period + 1) * period, until + 1, period)
