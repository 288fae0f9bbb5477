"""A table of entries in plain Python, with the rules of its triggers and a memory of all, for the random model."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from beatd.core.entry import Draft, Entry, Version
from beatd.core.rows import Logged, State, states_of
from beatd.errors import BrokerUnavailableError
from beatd.rowports import NOTHING, Changed, Page, Used
from tests.scheduler.model import ModelStore

TABLES = ("db://one", "db://two")
FILE = "a.toml"


class Content(NamedTuple):
    """What a row says: an entry, or why it cannot be one. ``is_novel``: older code takes it for an error."""

    fingerprint: int
    entry: Entry | None
    error: str | None = None
    is_novel: bool = False


class Known(NamedTuple):
    """What a version was, for the judge; ``made``: when, by the clock of the state."""

    source: str
    generation: int | None
    content: Content | None
    made: int


def remember(memory: dict[str, dict], name: str, number: int, known: Known) -> None:
    """Remember a version for the judge."""
    told, key = memory.setdefault(name, {}), (number, known.content.fingerprint if known.content else 0)
    # Removals by two sources may have one number: nobody can tell them apart, and either may have been taken in.
    if key in told and told[key].source != known.source:
        known = known._replace(source="?", made=min(told[key].made, known.made))
    told[key] = known


class Row(NamedTuple):
    """A row as it is."""

    number: int
    generation: int
    content: Content


@dataclass
class Committed:
    """What everybody sees; all of it goes back together. ``lines``: (name, line) of the log, in their order."""

    rows: dict[str, Row] = field(default_factory=dict)
    lines: list[tuple[str, Logged]] = field(default_factory=list)
    seq: int = 0

    def copy(self) -> "Committed":
        """Return it as it is now."""
        return Committed(dict(self.rows), list(self.lines), self.seq)


class ModelTable:
    """One table. Numbers are taken with the statement; what it did is seen with the commit."""

    def __init__(self, name: str, now: Callable[[], int], ahead: int, memory: dict[str, dict]) -> None:
        self.name = name
        self.committed = Committed()
        self.open: dict[str, Callable[[], None]] = {}
        """What an open transaction has done to a name that it has locked."""
        self.past: list[Committed] = []
        self.versions: dict[str, list[tuple[int, int]]] = {}
        """All that was ever committed of each name, in order."""
        self.tainted: set[str] = set()
        """Names of which the triggers have not seen everything, or that went back."""
        self.is_pruned = False
        self.touches: list[Mapping[str, tuple[int | None, int]]] = []
        self._now = now
        self._ahead = ahead
        self._memory = memory

    def now(self) -> int:
        """Return what the table's own clock reads."""
        return self._now() + self._ahead

    # ------------------------------------------------------------ what people do

    def put(self, name: str, content: Content, *, given: int = 0) -> None:
        """Insert or update a row, without a commit; ``given``: a moment that the client asks for."""
        former, instant = self.committed.rows.get(name), self.now()
        if former is not None:
            number = max(former.number + 1, instant, given)
            line = Logged("update", former.generation, number, former.number, (former.content,))
            self._begin(name, line, Row(number, former.generation, content))
            return
        logged = [each for of, each in self.committed.lines if of == name]
        number = max([instant, *(each.changed_at + 2 for each in logged)])
        generation = max([instant, *((each.generation or 0) + 1 for each in logged)])
        self._begin(name, Logged("insert", generation, number, None, None), Row(number, generation, content))

    def delete(self, name: str) -> None:
        """Delete a row, without a commit."""
        former = self.committed.rows[name]
        number = max(former.number + 1, self.now())
        self._begin(name, Logged("delete", former.generation, number, former.number, (former.content,)), None)

    def commit(self, name: str) -> None:
        """Let everybody see what was done to a name."""
        self.open.pop(name)()

    def _begin(self, name: str, line: Logged, row: Row | None) -> None:
        def carry_out() -> None:
            self._log(name, line)
            self._set(name, row)
            if row is None:
                self.note(name, line.changed_at, line.generation, None)
            else:
                self.note(name, row.number, row.generation, row.content)

        self.open[name] = carry_out

    def _log(self, name: str, line: Logged) -> None:
        self.committed.lines.append((name, line))
        self.committed.seq += 1

    def _set(self, name: str, row: Row | None) -> None:
        if row is None:
            self.committed.rows.pop(name, None)
        else:
            self.committed.rows[name] = row

    def note(self, name: str, number: int, generation: int | None, content: Content | None) -> None:
        """Remember a version for the judge."""
        # A number that was to be above another one may be of a moment that is yet to come.
        made = min(number - self._ahead, self._now())
        remember(self._memory, name, number, Known(self.name, generation, content, made))
        self.versions.setdefault(name, []).append((number, content.fingerprint if content else 0))

    # ------------------------------------------------------------ what happens to a table

    def remember(self) -> None:
        """Make a backup."""
        self.past.append(self.committed.copy())

    def restore(self, dice: random.Random) -> None:
        """Put a backup back; who had a transaction open is told that it is lost."""
        former = dice.choice(self.past)
        self.tainted.update(self.committed.rows, (name for name, _ in self.committed.lines), former.rows)
        self.committed, self.open = former.copy(), {}

    def vanish(self, name: str, *, log: bool) -> None:
        """Take a row away without its triggers; ``log``: its log, too."""
        self.tainted.add(name)
        self.open.pop(name, None)
        self.committed.rows.pop(name, None)
        if log:
            self.committed.lines = [each for each in self.committed.lines if each[0] != name]

    def alter(self, name: str, content: Content) -> None:
        """Change a row without its triggers."""
        self.tainted.add(name)
        former = self.committed.rows[name]
        if name not in self.open:
            self._set(name, former._replace(content=content))
            self.note(name, former.number, former.generation, content)

    # ------------------------------------------------------------ what schedulers do

    def touch(self, names: Mapping[str, tuple[int | None, int]]) -> None:
        """Make a new version of rows as they are, but for those that are locked; bury names that have no row."""
        for name, (number, above) in names.items():
            row = self.committed.rows.get(name)
            if number is None and row is None:
                logged = [each.generation or 0 for of, each in self.committed.lines if of == name]
                line = Logged("delete", max([0, *logged]), max(self.now(), above + 1), None, None)
                self._log(name, line)
                self.note(name, line.changed_at, line.generation, None)
            elif number is not None and row is not None and row.number <= number and name not in self.open:
                self.put(name, row.content, given=above + 1)
                self.commit(name)

    def prune(self, before: int, taken_in: Callable[[str], int | None]) -> int:
        """Drop lines of the log that nobody needs any more."""
        kept = []
        for name, line in self.committed.lines:
            taken = taken_in(name) if line.changed_at < before else None
            is_done = taken is not None and line.changed_at <= taken
            # A removal stays as long as anything else of its name.
            if line.op == "insert" or not is_done or (line.op == "delete" and any(of == name for of, _ in kept)):
                kept.append((name, line))
        dropped = len(self.committed.lines) - len(kept)
        self.is_pruned = self.is_pruned or dropped > 0
        self.committed.lines = kept
        return dropped

    def states(self, name: str) -> list[State]:
        """Return what a reader makes of a name."""
        row = self.committed.rows.get(name)
        lines = [line for of, line in self.committed.lines if of == name and line.op != "insert"]
        return states_of(lines, None if row is None else State(row.number, row.generation, (row.content,)))


class View:
    """One scheduler's way to a table: the ports ``Rows`` and ``Upkeep``. Requests get lost, or arrive late."""

    def __init__(self, table: ModelTable, dice: random.Random, *, is_old: bool) -> None:
        self.name = table.name
        self.trouble = 0.0
        self._table = table
        self._dice = dice
        self._is_old = is_old

    def mark(self) -> object:
        self._may_fail()
        return self._table.committed.seq

    def changed(self, mark: object) -> Changed:
        self._may_fail()
        committed, since = self._table.committed, int(mark)  # type: ignore[call-overload]  # an int
        # What was pruned is none of the newest.
        count = committed.seq - since
        lines = committed.lines[-count:] if count > 0 else []
        names = None if count < 0 else sorted({name for name, _ in lines})
        return Changed(mark=committed.seq, names=names, now=self._table.now())

    def page(self, after: str, limit: int) -> Page:
        names = {*self._table.committed.rows, *(name for name, _ in self._table.committed.lines)}
        wanted = sorted(name for name in names if name > after)[:1]
        return self._page(wanted, wanted[0] if len(names) > 1 and wanted and max(names) != wanted[0] else None)

    def of(self, names: Sequence[str], used: Used = NOTHING) -> Page:
        return self._page(sorted(set(names)), None)

    def prints(self, after: str, limit: int):
        self._may_fail()
        rows = self._table.committed.rows
        return [(n, rows[n].number, rows[n].content.fingerprint) for n in sorted(rows) if n > after], None

    def wait(self, seconds: float) -> bool:
        return False

    def check(self) -> list[str]:
        return []

    def touch(self, names: Mapping[str, tuple[int | None, int]]) -> None:
        kind = self._dice.choice(("request lost", "reply lost", "late"))
        if self._dice.random() >= self.trouble:
            self._table.touch(names)
            return
        if kind == "reply lost":
            self._table.touch(names)
        elif kind == "late":
            self._table.touches.append(names)
        raise BrokerUnavailableError(self.name, kind)

    def tell(self, told: object) -> tuple[()]:
        self._may_fail()
        return ()

    def prune(self, *, before: int, limit: int, taken_in: Callable[[str], int | None]) -> int:
        return self._table.prune(before, taken_in)

    def _may_fail(self) -> None:
        if self._dice.random() < self.trouble:
            raise BrokerUnavailableError(self.name, "lost")

    def _page(self, names: Sequence[str], last: str | None) -> Page:
        self._may_fail()
        versions = [self._version(name, state) for name in names for state in self._table.states(name)]
        return Page(versions=versions, last=last)

    def _version(self, name: str, state: State) -> Version:
        content = state.raw[0] if state.raw else Content(0, None)
        is_bad = content.is_novel and self._is_old
        return Version(
            name=name,
            number=state.number,
            changed_at=state.number,
            fingerprint=content.fingerprint,
            source=self.name,
            entry=None if is_bad else content.entry,
            error="not known here" if is_bad else content.error,
            generation=state.generation,
        )


class RowStore(ModelStore):
    """The store of the records, where many versions are known to tables alone."""

    def __init__(self, memory: dict[str, dict], **told) -> None:
        super().__init__(**told)
        self.memory = memory
        self.notices: list[str] = []

    def noticed(self, since):
        return len(self.notices), self.load(set(self.notices[since:]))

    def _one(self, item):
        answer = super()._one(item)
        if answer.stored and item.notice:
            self.notices.append(item.name)
        return answer

    def _tell(self, ending):
        super()._tell(ending)
        self.notices.append(ending.entry)

    def entry_of(self, item):
        return self.memory[item.name][item.record.version, item.record.fingerprint].content.entry

    def names(self, after, limit):
        return sorted(name for name in self.truth.records if name > after)[:limit]


class File:
    """The file that all schedulers read."""

    name = FILE

    def __init__(self, entries) -> None:
        self._entries = entries
        self._read = None

    def load(self):
        self._read = dict(self._entries)
        return [Draft(name=n, place=f"{FILE}, {n}", entry=c.entry, error=c.error) for n, c in self._entries.items()]

    def changed(self):
        return self._read != self._entries

    def paths(self):
        return []
