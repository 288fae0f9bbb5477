"""What the scheduler does with what was read of tables, and what it lets their readers do."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice

from beatd.core.entry import Version
from beatd.core.record import Item
from beatd.errors import BrokerUnavailableError, DefinitionError, StoreError
from beatd.rowports import Told
from beatd.scheduler.book import Book
from beatd.scheduler.claims import SET, is_live
from beatd.scheduler.emitter import Emitter
from beatd.scheduler.report import Report
from beatd.scheduler.tables.doubts import Doubts
from beatd.scheduler.tables.exchange import Prints, Read, Reading, UpToDate, out_of
from beatd.scheduler.tables.reader import Reader
from beatd.scheduler.tables.slices import batches, corrected, slices
from beatd.scheduler.tables.table import Table
from beatd.scheduler.tables.touches import Touches
from beatd.scheduler.timekeeper import Timekeeper

UNTOLD = 500
"""How many rows that nobody was told of yet are written back in a second: a new million may take its time for that."""

MANY = 10_000
"""More names than these are kept from the collector of cycles once they are loaded."""

LAST = (1 << 63) - 1
"""A number that no version is above."""


class Tables:
    """All tables of a scheduler; used by its thread alone. ``is_mine``: whether it looks after a name."""

    def __init__(
        self,
        readers: Sequence[Reader],
        emitter: Emitter,
        time: Timekeeper,
        report: Report,
        is_mine: Callable[[str], bool],
    ) -> None:
        self._tables = tuple(Table(number, reader) for number, reader in enumerate(readers))
        self._emitter = emitter
        self._time = time
        self._report = report
        self._is_mine = is_mine
        self._doubts = Doubts(self._tables)
        self._work: Iterator[list[str]] | None = None
        self._touches = Touches(time)
        emitter.when_stored = self._stored

    def __len__(self) -> int:
        return len(self._tables)

    @property
    def _book(self) -> Book:
        return self._emitter.book

    @property
    def are_loaded(self) -> bool:
        """Whether all rows were read once."""
        return all(table.loaded for table in self._tables)

    def check(self, *, strict: bool) -> None:
        """Look whether the tables can be used, and read their first rows; ``strict``: all.

        Raises DefinitionError where one cannot be read, ``strict``: or a row cannot be used.
        """
        for table in self._tables:
            with _told_at_start(table):
                table.reader.check()
                table.reader.step()
                self._take_all()
                while strict and not table.loaded:
                    table.reader.step()
                    self._take_all()
            if strict and table.bad:
                name, reason = min(table.bad.items())
                raise DefinitionError(table.reader.name, f"{name!r}: {reason}")

    def refuse_taken(self) -> None:
        """Raise DefinitionError where a row has a name that belongs to another source."""
        for table in self._tables:
            for name, place in sorted(self._book.taken(table.number).items()):
                raise DefinitionError(table.reader.name, f"{name!r}: {_taken(name, place)}")

    def holding(self, names: Sequence[str], of_set: Mapping[str, Version]) -> dict[str, str]:
        """Return those of these names that have a row and are not in the set as it is, each with where.

        ``of_set``: the newest version of each name. Asks the tables. Raises as ``check``.
        """
        wanted = [name for name in names if name not in of_set or of_set[name].removed]
        found: dict[str, str] = {}
        for table in self._tables:
            with _told_at_start(table):
                versions = table.reader.of(wanted).versions
            newest = {version.name: version for version in versions}
            there = [name for name, version in newest.items() if not version.removed]
            found.update({name: table.reader.name for name in there if name not in found})
        return found

    def ruled(self, names: Sequence[str]) -> dict[str, str]:
        """Return those of these names that belong to a table now, as far as is known here, each with which.

        Also those that a table has dropped and the set has, but numbers below the removal: it leaves them out once, and
        numbers them anew when it has them again.
        """
        freed = {name for source, name in self._book.freed() if source == SET}
        owners = {name: self._book.source_of(name) for name in names if self._is_there(name) or name in freed}
        return {name: self._tables[n].reader.name for name, n in owners.items() if n is not None and n >= 0}

    def contest_set(self) -> bool:
        """Return whether the set has names that it is to leave out, as far as is known here."""
        return bool(self._book.taken(SET)) or any(source == SET for source, _ in self._book.freed())

    def take(self) -> list[str] | None:
        """Take up some of what was read; return names to be planned anew, None where nothing waits."""
        if self._work is None:
            self._work = self._next_work()
        if self._work is None:
            return None
        names = next(self._work, None)
        if names is None:
            self._work = None
        return names or []

    def catch_up(self) -> None:
        """Ask for what was changed while nobody could say what is: an entry may be another one by now, or gone."""
        for table in self._tables:
            table.catch_up(self._time.elapsed())

    @property
    def are_behind(self) -> bool:
        """Whether what was asked for after an outage is not known yet, and worth waiting for."""
        return any(table.is_behind(self._time.elapsed()) for table in self._tables)

    @property
    def are_idle(self) -> bool:
        """Whether nothing that was read waits."""
        return self._work is None and all(table.exchange.is_empty for table in self._tables)

    def doubt(self, names: Iterable[str]) -> None:
        """Ask the tables for names whose record is of a version that is not known."""
        self._doubts.ask(names, self._book)

    def read_again(self) -> None:
        """Read all tables again: the book is a new one."""
        self._work = None
        for table in self._tables:
            table.loaded, table.exchange.all_again = False, True
            table.reader.hasten()

    def gained(self) -> None:
        """Tell also of rows that were others' until now, who may not have come to it."""
        for table in self._tables:
            table.untold.extend(table.left_to_others)
            table.left_to_others.clear()

    def look(self) -> None:
        """Do what is to be done every second: names that became free, and what is to be written back."""
        self._free()
        for table in self._tables:
            table.say_rest(self._time.now())
            self._tell(table)

    def status(self) -> list[Mapping[str, object]]:
        """Return what people want to know of each table."""
        return [table.status(self._book.rows(table.number)) for table in self._tables]

    def _take_all(self) -> None:
        while self.take() is not None:
            pass

    def _next_work(self) -> Iterator[list[str]] | None:
        for table in self._tables:
            what = table.exchange.take()
            if what is not None:
                return self._taking(table, what)
        return None

    def _taking(self, table: Table, what: Read) -> Iterator[list[str]]:
        if isinstance(what, Reading):
            return self._learning(table, what)
        if isinstance(what, Prints):
            return self._comparing(table, what)
        if isinstance(what, UpToDate):
            table.caught_up(what.asked_at)
            return iter(())
        known = ((name, self._book.record(name)) for name in what.names)
        table.exchange.in_use.append({name: record.version for name, record in known if record is not None})
        return iter(())

    # ------------------------------------------------------------ what was read

    def _learning(self, table: Table, reading: Reading) -> Iterator[list[str]]:
        page = reading.page
        table.difference = reading.ahead + self._time.elapsed() - self._time.now()
        told: dict[str, Version] = {}
        for versions in slices(corrected(page.versions, table.difference)):
            told.update((version.name, version) for version in versions)
            yield self._learn(table, versions, says=reading.asked is not None)
        table.judge(page.unusable, self._time.now())
        table.misnamed.difference_update(reading.asked or ())
        table.misnamed.update(page.unusable)
        table.untold.extend((*page.untold, *page.unusable))
        if reading.asked is not None:
            seen = told.keys() | page.unusable.keys()
            table.judge({name: None for name in reading.asked if name not in seen}, self._time.now())
            self._asked(table, reading, told)
            return
        table.see(told, begins=reading.begins)
        if reading.ends:
            is_first = not table.loaded
            yield from self._missing(table)
            if is_first and self.are_loaded and len(self._book) > MANY:
                self._book.settle_down()

    def _learn(self, table: Table, versions: list[Version], *, says: bool) -> list[str]:
        versions = self._numbered(table, versions)
        newest = {version.name: version for version in versions}
        former = {name: self._book.has(name, table.number) for name in newest} if says else {}
        names = self._book.learn_rows(versions, table.number)
        table.judge(self._reasons(table, newest), self._time.now())
        for name in names:
            self._report.unreadable(name, self._book.unreadable(name))
        lost = (name for name in names if not self._book.knows_version(name) and self._is_mine(name))
        # Of what the set has, too, the set is read first: it may be its version.
        self.doubt(name for name in lost if self._book.newest(name, SET) is None)
        if says:
            self._say(table, former, names)
        return names

    def _reasons(self, table: Table, newest: Mapping[str, Version]) -> dict[str, str | None]:
        """Return why rows cannot be used, of those that cannot, or could not."""
        found: dict[str, str | None] = {}
        for name, version in newest.items():
            rival = self._book.rival(name, table.number)
            reason = version.error if rival is None else _taken(name, rival)
            if rival is not None and self._is_mine(name):
                table.telling.note(name)
            if reason is not None or name in table.bad:
                found[name] = reason
        return found

    def _say(self, table: Table, former: Mapping[str, bool], names: Sequence[str]) -> None:
        """Say what became of rows; ``former``: whether they were there, ``names``: of which another version rules."""
        there = {name: self._book.has(name, table.number) for name in former}
        changed = {*names, *(name for name in former if former[name] is not there[name])}
        if not changed:
            return
        table.noticed_at = self._time.now()
        for name in changed:
            table.telling.note(name)
        changes = {name: _change(was=former[name], is_=there[name]) for name in changed}
        table.say({name: change for name, change in changes.items() if change is not None}, self._time.now())

    def _numbered(self, table: Table, versions: list[Version]) -> list[Version]:
        """Return the versions but those without a number, which came behind the triggers: a touch gives them one."""
        unnumbered = {version.name for version in versions if not version.number}
        if not unnumbered:
            return versions
        # One that is locked is left to the next comparison.
        newest = {name: self._book.newest(name) for name in unnumbered}
        self._touches.put(table, {name: (0, known[0] if known else 0) for name, known in newest.items()})
        return [version for version in versions if version.name not in unnumbered]

    def _is_there(self, name: str) -> bool:
        return is_live(self._book.line(name))

    def _asked(self, table: Table, reading: Reading, told: Mapping[str, Version]) -> None:
        """See to names that the table does not tell of at all, and to those that were asked for because of doubts."""
        asked = reading.asked or ()
        for name in asked:
            if name in told or not self._book.has(name, table.number):
                continue
            if self._book.source_of(name) != table.number:
                self._book.withdraw(name, table.number)
                continue
            newest, record = self._book.newest(name), self._book.record(name)
            above = max(newest[0] if newest else 0, record.version if record else 0)
            table.exchange.touches.append({name: (None, above)})
        overtaken = reading.page.overtaken.items()
        self._touches.overtake(table, {name: (is_there, told[name].number) for name, is_there in overtaken}, self._book)
        followed = self._doubts.answered(table, reading.doubted, told, self._book)
        for name in followed:
            self._report.lost(name)
        self._emitter.succeed(filter(self._is_mine, followed))

    def _comparing(self, table: Table, prints: Prints) -> Iterator[list[str]]:
        for rows in batches(prints.rows):
            newest, of = self._book.newest, table.number
            differ = [name for name, number, print_ in rows if newest(name, of) != (number, print_)]
            table.exchange.asked.extend(differ)
            yield []
        table.see([name for name, _, _ in prints.rows], begins=prints.begins)
        if prints.ends:
            yield from self._missing(table)
            table.compared_at = self._time.now()
            # One that was locked was not told of.
            for name in filter(self._is_mine, self._book.taken(table.number)):
                table.telling.note(name)

    def _missing(self, table: Table) -> Iterator[list[str]]:
        """Ask for names that the book has of the table, and a reading of all of it has not told of."""
        # Of a table that is read for the first time there is nothing that it could lack.
        for names in batches(list(self._book) if table.loaded else []):
            table.exchange.asked.extend(name for name in table.unseen(names) if self._book.has(name, table.number))
            yield []
        table.end()

    # ------------------------------------------------------------ what is written

    def _free(self) -> None:
        """Let rows take over names whose owner has dropped them."""
        self._touches.look(self._book)
        for source, name in self._book.freed():
            newest, own = self._book.newest(name), self._book.newest(name, source)
            if source >= 0 and newest is not None and own is not None:
                self._touches.put(self._tables[source], {name: (own[0], newest[0])})

    def _stored(self, item: Item) -> None:
        source = self._book.source_of(item.name)
        if source is not None and source >= 0:
            self._tables[source].telling.note(item.name)

    def _tell(self, table: Table) -> None:
        """Hand over what is to be written back, as far as there is room."""
        room = table.exchange.may_tell
        # While the table is read for the first time, reading it is what this thread is for.
        untold = islice(out_of(table.untold), min(room, UNTOLD) if table.loaded else 0)
        taken = {name: _taken(name, place) for name, place in self._book.taken(table.number).items()}
        news = [name for name, reason in taken.items() if table.bad.get(name) != reason]
        table.judge(taken, self._time.now())
        # What is told of a row that is locked may be another thing by the time at which it is tried again.
        for name in (*untold, *out_of(table.exchange.locked)):
            if self._is_mine(name):
                table.telling.note(name)
            else:
                table.left_to_others.add(name)
        for name in filter(self._is_mine, news):
            table.telling.note(name)
        names, now = table.telling.due(self._time.elapsed(), room), self._time.now()
        table.exchange.tell([told for name in names if (told := self._told(table, name, now)) is not None])

    def _told(self, table: Table, name: str, now: int) -> Told | None:
        own = self._book.newest(name, table.number)
        if own is None:
            reason = table.bad.get(name)
            if reason is None:
                return None
            # A name that no entry can have; as long as there is a row of this name, that is so.
            return Told(name=name, number=LAST, next_fire=None, last_fire=None, runs=0, error=reason)
        if self._book.source_of(name) != table.number:
            error = table.bad.get(name)
            return Told(name=name, number=own[0], next_fire=None, last_fire=None, runs=0, error=error)
        line, record = self._book.line(name), self._book.record(name)
        if not is_live(line) or not self._is_mine(name):
            return None
        newest = line[-1]
        return Told(
            name=name,
            number=own[0],
            next_fire=self._book.next_moment(name, now, self._emitter.installed),
            last_fire=newest.schedule.last_us(record.cursor + 1) if record is not None and record.runs else None,
            runs=record.runs if record is not None else 0,
            error=newest.version.error or newest.unreadable,
        )


@contextmanager
def _told_at_start(table: Table) -> Iterator[None]:
    try:
        yield
    except BrokerUnavailableError as error:
        raise DefinitionError(table.reader.name, f"cannot be read: {error.reason}") from error
    except StoreError as error:
        raise DefinitionError(table.reader.name, f"cannot be read: {error}") from error


def _change(*, was: bool, is_: bool) -> str | None:
    """Return what happened to a name; None for one that came and went between two looks."""
    if is_:
        return "changed" if was else "added"
    return "removed" if was else None


def _taken(name: str, place: str) -> str:
    return f"name is taken: {name} is already defined at {place}; this row is left out"
