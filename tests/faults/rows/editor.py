"""Edits rows at random by plain SQL, and writes down what was committed and when.

What it will do follows from its dice, but for how long statements take.
"""

import random
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from uuid import uuid4

from tests.faults.rows.deeds import CALENDARS, DEEDS, Deed, insert_many
from tests.faults.rows.diary import Calendar, Committed, Diary
from tests.faults.rows.table import FAILURES, Row, Session, Table, clock, rows_of

MARKS = "CREATE TABLE IF NOT EXISTS nemesis_marks (mark TEXT PRIMARY KEY)"
SLACK = 3_000
"""Microseconds that a moment may lie before its statement or after it: SQLite's clock counts milliseconds."""


class Transaction:
    """One that is open: which names it holds, what it has left so far, and when it is to end how."""

    def __init__(self, session: Session, ends: int, *, keeps: bool) -> None:
        self.session, self.ends, self.keeps = session, ends, keeps
        self.mark = uuid4().hex
        self.held: set[str] = set()
        self.rows: list[Row] = []
        self.calendars: list[Calendar] = []


class Editor:
    """``names``: those that it edits; the load's are only touched by what touches all rows.

    ``patience``: the most seconds that a transaction stays open.
    """

    def __init__(self, table: Table, dice: random.Random, *, names: int = 30, patience: float = 4.0) -> None:
        self.table, self.dice, self.diary = table, dice, Diary()
        self.names = [f"row-{number:02}" for number in range(names)]
        self.edits = count(1)
        self.done: dict[str, int] = {}
        self._most_open = 1 if table.is_sqlite else 3
        self._patience = patience if not table.is_sqlite else min(1.0, patience)
        self._open: list[Transaction] = []
        self._unknown: list[Transaction] = []
        self._load: list[str] = []

    def fill(self, load: list[tuple[str, str]]) -> None:
        """Insert a load of schedules, each with a misfire policy, and the first rows and calendars."""
        self._load = [f"load-{number:06}" for number in range(len(load))]
        session = self.table.connect()
        session.execute(MARKS)
        begun = self._begin(session, keeps=True, ends=0)
        insert_many(session, [(name, *each, 0) for name, each in zip(self._load, load, strict=True)])
        begun.held.update(self._load)
        begun.rows += rows_of(session, self._load)
        for name in CALENDARS:
            self._carry_out(begun, DEEDS["calendar"], [name])
        for name in self.names[::2]:
            self._carry_out(begun, DEEDS["insert"], [name])
        self._end(begun)

    def carry_out(self, *statements: str | tuple[str, Sequence[object]], to_calendars: bool = False) -> None:
        """Carry these statements out in one transaction, and write down what they do to any row, or to calendars."""
        told = [(each, ()) if isinstance(each, str) else each for each in statements]
        begun = self._begin(self.table.connect(), keeps=True, ends=0)
        names = [*CALENDARS] if to_calendars else [*self.names, *self._load]
        self._carry_out(begun, Deed(lambda *_: iter(told), 0, is_for_calendars=to_calendars), names)
        self._end(begun)

    def do(self, kind: str) -> None:
        """Do this, in a transaction of its own."""
        self._try(self._begin(self.table.connect(), keeps=True, ends=0), kind)
        self.end_those_due()

    def act(self) -> None:
        """End what is to be ended, then do something, in a transaction of its own or in one that is open."""
        self.end_those_due()
        if len(self._open) >= self._most_open or (self._open and self.dice.random() < 0.3):
            begun = self.dice.choice(self._open)
        else:
            lasts = self.dice.uniform(0.5, self._patience) if self.dice.random() < 0.2 else 0
            keeps = self.dice.random() > 0.12
            session = None
            try:
                session = self.table.connect()
                begun = self._begin(session, keeps=keeps, ends=clock() + round(lasts * 1e6))
            except FAILURES:
                if session is not None:
                    _close(session)
                return
        for _ in range(self.dice.choice((1, 1, 1, 2, 3))):
            kind = self.dice.choices([*DEEDS], [deed.weight for deed in DEEDS.values()])[0]
            if begun in self._open:
                self._try(begun, kind)
        self.end_those_due()

    def end_those_due(self) -> None:
        for begun in [each for each in self._open if each.ends <= clock()]:
            self._end(begun)
        self._find_out()

    def finish(self) -> None:
        """End all that is open, and find out what became of what was not answered."""
        for begun in [*self._open]:
            self._end(begun)
        for _ in range(100):
            self._find_out()
            if not self._unknown:
                return
        raise AssertionError("what was committed cannot be found out")

    def _begin(self, session: Session, *, keeps: bool, ends: int) -> Transaction:
        session.begin()
        begun = Transaction(session, ends, keeps=keeps)
        session.execute("INSERT INTO nemesis_marks VALUES (?)", (begun.mark,))
        self._open.append(begun)
        return begun

    def _try(self, begun: Transaction, kind: str) -> None:
        deed = DEEDS[kind]
        others = set().union(*(each.held for each in [*self._open, *self._unknown] if each is not begun))
        if deed.is_for_all:
            if others or len(self._open) > 1:
                return
            names = [*self.names, *self._load]
        elif deed.is_for_calendars:
            # A row that is changed in one transaction while its calendar is in another: see the tests of it.
            if others:
                return
            names = [self.dice.choice(CALENDARS)]
        else:
            if others & {*CALENDARS}:
                return
            free = [name for name in self.names if name not in others]
            if len(free) < deed.names:
                return
            names = self.dice.sample(free, deed.names)
        try:
            self._carry_out(begun, deed, names)
        except FAILURES:
            self._drop(begun)
            return
        self.done[kind] = self.done.get(kind, 0) + 1

    def _carry_out(self, begun: Transaction, deed: Deed, names: list[str]) -> None:
        former = {row.name: row.moment for row in rows_of(begun.session, names)}
        days = _calendars_of(begun.session, names) if deed.is_for_calendars else []
        for statement, values in deed.statements(names, self.dice, lambda: next(self.edits), self.table):
            began = clock()
            begun.session.execute(statement, values)
            ended = clock()
            begun.held.update(names)
            if deed.is_for_calendars:
                # A statement may leave a calendar as it was.
                former_days, days = days, _calendars_of(begun.session, names)
                begun.calendars += [each for each in days if each not in former_days]
                continue
            for row in rows_of(begun.session, names):
                if former.get(row.name) != row.moment:
                    begun.rows.append(row)
                    self._check(row, former.get(row.name, 0), began, ended)
                    former[row.name] = row.moment

    def _check(self, row: Row, former: int, began: int, ended: int) -> None:
        if not (began - SLACK <= row.moment <= ended + SLACK or row.moment <= former + 100):
            self.diary.problems.append(f"{row} was changed between {began} and {ended}")
        if row.moment < former:
            self.diary.problems.append(f"{row} follows {former}")

    def _end(self, begun: Transaction) -> None:
        if not begun.keeps:
            self._drop(begun)
            return
        self._open.remove(begun)
        try:
            begun.session.commit()
        except FAILURES:
            self._unknown.append(begun)
        else:
            self._note(begun)
        _close(begun.session)

    def _drop(self, begun: Transaction) -> None:
        self._open.remove(begun)
        _close(begun.session)

    def _note(self, begun: Transaction) -> None:
        self.diary.commits.append(Committed(clock(), begun.rows, begun.calendars))

    def _find_out(self) -> None:
        """Look for the marks of transactions whose COMMIT was not answered."""
        while self._unknown:
            try:
                session = self.table.connect()
            except FAILURES:
                return
            try:
                told = "SELECT count(*) FROM nemesis_marks WHERE mark = ?"
                (there,) = session.execute(told, (self._unknown[0].mark,)).fetchone()
            except FAILURES:
                return
            finally:
                _close(session)
            begun = self._unknown.pop(0)
            if there:
                self._note(begun)


def _calendars_of(session: Session, names: list[str]) -> list[Calendar]:
    told = (
        "SELECT op, changed_at FROM beatd_changes WHERE kind = 'calendar' AND name = ? ORDER BY changed_at DESC LIMIT 1"
    )
    seen = []
    for name in names:
        there = session.execute("SELECT description FROM beatd_calendars WHERE name = ?", (name,)).fetchone()
        logged = session.execute(told, (name,)).fetchone()
        if logged is not None:
            seen.append(Calendar(name, logged[1], None if there is None else there[0] == "closed"))
    return seen


def _close(session: Session) -> None:
    with suppress(*FAILURES):
        session.close()
