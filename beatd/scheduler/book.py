"""What a scheduler knows of the set and of tables: each name's versions and record, and when it needs attention."""

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain

from beatd.core.entry import Version
from beatd.core.firing import Moment, is_late, next_moment
from beatd.core.identity import part_of
from beatd.core.line import Compiled, renewed
from beatd.core.record import Record
from beatd.scheduler.claims import SET, Line, heir, is_live, ruling
from beatd.scheduler.shelf import Shelf


class Book:
    """Versions and records by name; pure bookkeeping.

    A name that several sources have belongs to one of them (``claims``); of the others it is known that they have it.
    Rows that can be used are packed, and are made into objects on demand (``shelf``); all else is kept as it is.
    ``revision``, ``highest``: the highest number seen of the set, and of a row.
    """

    def __init__(self) -> None:
        self._shelf = Shelf()
        self._lines: dict[str, Line] = {}
        self._tables: dict[str, int] = {}
        """The table of each of these lines that is not the set's."""
        self._records: dict[str, Record] = {}
        self._claims: dict[str, dict[int, Line]] = {}
        """The line of each source, of names that several have."""
        self._rows: Counter[int] = Counter()
        self.revision = 0
        self.highest = 0

    def __contains__(self, name: str) -> bool:
        return name in self._shelf.places or name in self._lines

    def __iter__(self) -> Iterator[str]:
        """Yield all names; what is learned meanwhile upsets it."""
        return chain(self._lines, self._shelf)

    def __len__(self) -> int:
        return len(self._shelf) + len(self._lines)

    # ------------------------------------------------------------ versions

    def learn(self, versions: Iterable[Version], *, whole: bool) -> list[str]:
        """Take note of versions of the set, all that records need of their names; return these. ``whole``: all of it.

        An older version that is not among them is forgotten, for what came between it and these is not known here:
        should the store go back to it, the entry waits until the definitions were read again.
        """
        fresh = _by_name(versions)
        highest = max((version.number for news in fresh.values() for version in news), default=0)
        self.revision = highest if whole else max(self.revision, highest)
        changed = dict.fromkeys(fresh)
        if whole:
            changed.update(dict.fromkeys(self._forget_set(fresh)))
        for name, news in fresh.items():
            self._claim(name, SET, renewed(self._known(name, SET), news))
        return list(changed)

    def learn_rows(self, versions: Iterable[Version], source: int) -> list[str]:
        """Take note of rows of a table, of each name all its versions; return the names that are to be planned anew.

        ``source``: the table's number, 0 or more. A name that the set or another table had first stays with it.
        """
        changed = []
        for name, news in _by_name(versions).items():
            self.highest = max(self.highest, news[-1].number)
            # Most rows are new ones with one version, and ready to be packed.
            is_shelved = len(news) == 1 and self._is_new(name) and self._shelf.keep(news, source)
            self._rows[source] += is_shelved and not news[0].removed
            if is_shelved or self._claim(name, source, renewed(self._known(name, source), news)):
                changed.append(name)
        return changed

    def withdraw(self, name: str, source: int) -> bool:
        """Forget what a source has of a name that others have, too; return whether what rules the name is another."""
        with self._counted(name):
            del self._claims[name][source]
            return self._elect(name)

    def line(self, name: str) -> tuple[Compiled, ...]:
        """Return the versions from the record's on."""
        return self._shelf.line(name) if name in self._shelf.places else self._lines.get(name, ())

    def source_of(self, name: str) -> int | None:
        """Return the table that a name belongs to, ``SET`` for the set, None where nobody has it."""
        if name in self._shelf.places:
            return self._shelf.table(name)
        return self._tables.get(name, SET) if name in self._lines else None

    def newest(self, name: str, source: int | None = None) -> tuple[int, int] | None:
        """Return number and fingerprint of a name's newest version; ``source``: as that table has it, if it has."""
        if name in self._shelf.places:
            # Asked of each row of a table, again and again.
            table, number, fingerprint = self._shelf.newest(name)
            if source is None or source == table:
                return number, fingerprint
        prints = self._prints(name)
        if source is not None and self.source_of(name) != source:
            prints = _prints_of(self._claims.get(name, {}).get(source, ()))
        return prints[-1] if prints else None

    def taken(self, source: int) -> Mapping[str, str]:
        """Return the names that a source has and that belong to another one, with the source of that."""
        found = ((name, self.rival(name, source)) for name in self._claims)
        return {name: place for name, place in found if place is not None}

    def rival(self, name: str, source: int) -> str | None:
        """Return the source that a name belongs to though another one has it, None where it does not, or has not."""
        if name not in self._claims or self.source_of(name) == source or not self.has(name, source):
            return None
        line = self.line(name)
        return line[-1].version.source if is_live(line) else None

    def has(self, name: str, source: int) -> bool:
        """Return whether a source has a name now, whoever it belongs to."""
        return source in self._holders(name)

    def rows(self, source: int) -> int:
        """Return how many names a table has now, whoever they belong to."""
        return self._rows[source]

    def freed(self) -> list[tuple[int, str]]:
        """Return (source, name) of what its owner dropped and another source has, but numbers below the removal.

        It is to be numbered above ``newest(name)`` and read again: a row by a touch, the set by a new version.
        """
        heirs = ((heir(claims, self.line(name)), name) for name, claims in self._claims.items())
        return [(source, name) for source, name in heirs if source is not None]

    def names(self, parts: frozenset[int]) -> Iterator[str]:
        """Yield the names that fall into these parts."""
        return (name for name in chain(self._lines, self._shelf) if part_of(name) in parts)

    def unreadable(self, name: str) -> str | None:
        """Return why this code cannot read a version of the name, None where it can."""
        if name not in self._lines:
            return None
        return next((each.unreadable for each in self._lines[name] if each.unreadable), None)

    # ------------------------------------------------------------ records

    def record(self, name: str) -> Record | None:
        """Return the record as last seen."""
        record = self._records.get(name)
        return self._shelf.record(name) if record is None and name in self._shelf.places else record

    def settle(self, name: str, record: Record | None) -> bool:
        """Take note of a record, forget versions before its own; return whether what rules the name is another now."""
        self._keep(name, record)
        if name in self._claims:
            with self._counted(name):
                return self._elect(name)
        if record is not None and not self._is_packed(name):
            self._forget_former(name, record)
        return False

    def settle_all(self, records: Mapping[str, Record], names: Iterable[str]) -> None:
        """Take note of the records of these names, also of those that have none."""
        for name in names:
            self.settle(name, records.get(name))

    def next_moment(self, name: str, now: int, installed: int) -> int | None:
        """Return when the name next needs attention, or None; ``installed`` is when the state began."""
        if self._is_packed(name):
            return self._shelf.next_moment(name, now, installed)
        found = next_moment(self.line(name), self.record(name), now, installed)
        # A record of a version that is not known must not be forgotten: somebody has to look for the version.
        return now if found is None and not self.knows_version(name) else found

    def is_late(self, name: str, moment: Moment, late_after: int) -> bool:
        """Return whether the name's oldest due fire is late."""
        if self._is_packed(name):
            return self._shelf.is_late(name, moment, late_after)
        record = self.record(name)
        # What is due comes after the cursor, so most need no look at the schedule.
        if record is not None and moment.now - record.cursor <= late_after:
            return False
        return is_late(self.line(name), record, moment, late_after)

    def knows_version(self, name: str) -> bool:
        """Return whether the version that the record was moved by is known, and reads as it did then."""
        # A record is packed with its version only.
        record = self._records.get(name)
        if record is None:
            return True
        return (record.version, record.fingerprint) in self._prints(name)

    def settle_down(self) -> None:
        """Keep the collector of cycles from looking through what was just loaded, time and again."""
        gc.collect()
        gc.freeze()

    # ------------------------------------------------------------ where things are kept

    def _is_new(self, name: str) -> bool:
        """Return whether nothing at all is known of a name."""
        return not (name in self._shelf.places or name in self._lines or name in self._records)

    def _is_packed(self, name: str) -> bool:
        """Return whether all that is known of a name is one packed version, and its packed record or none."""
        return name in self._shelf.places and name not in self._records and self._shelf.is_single(name)

    def _known(self, name: str, source: int) -> Line:
        """Return the line as a source gave it."""
        claims = self._claims.get(name)
        if claims is not None:
            return claims.get(source, ())
        return self.line(name) if self.source_of(name) == source else ()

    def _holders(self, name: str) -> list[int]:
        """Return the sources that have a name now."""
        if name in self._claims:
            return [source for source, line in self._claims[name].items() if is_live(line)]
        if name in self._shelf.places:
            return [self._shelf.table(name)] if self._shelf.is_live(name) else []
        return [self._tables.get(name, SET)] if is_live(self._lines.get(name, ())) else []

    @contextmanager
    def _counted(self, name: str) -> Iterator[None]:
        """Count who has a name, and who had it."""
        former = self._holders(name)
        yield
        # Most edits change nothing of it, and counting takes longer than looking.
        if (latter := self._holders(name)) != former:
            self._rows.subtract(former)
            self._rows.update(latter)

    def _forget_set(self, remaining: Mapping[str, object]) -> list[str]:
        """Forget the set's names but these; return those that belong to a table now."""
        contested = [name for name, claims in self._claims.items() if SET in claims and name not in remaining]
        for name in [name for name in self._lines if self._tables.get(name, SET) == SET and name not in remaining]:
            if name not in self._claims:
                del self._lines[name]
        return [name for name in contested if self.withdraw(name, SET)]

    def _claim(self, name: str, source: int, line: Line) -> bool:
        """Take note of what a source has of a name; return whether what rules the name is changed by it."""
        owner = self.source_of(name)
        with self._counted(name):
            if owner is None or (owner == source and name not in self._claims):
                return self._put(name, line if source == SET else _from(line, self.record(name)), source)
            self._claims.setdefault(name, {owner: self.line(name)})[source] = line
            return self._elect(name)

    def _elect(self, name: str) -> bool:
        claims, record = self._claims[name], self.record(name)
        for source in list(claims):
            # A removal that was taken in, and another source has the name since.
            if record is not None and len(claims) > 1 and _is_over(claims[source], record):
                del claims[source]
        line, owner = ruling(claims, record)
        if len(claims) == 1:
            del self._claims[name]
        return self._put(name, _from(line, record), owner)

    def _put(self, name: str, line: Line, source: int) -> bool:
        """Keep a line; return whether it is another one than before."""
        if self._prints(name) == _prints_of(line) and self.source_of(name) == source:
            return False
        record = self.record(name)
        if line and source != SET and self._shelf.keep([each.version for each in line], source):
            self._lines.pop(name, None)
            self._tables.pop(name, None)
        else:
            if name in self._shelf.places:
                self._shelf.drop(name)
            self._lines[name] = line
            self._tables.pop(name, None)
            if source != SET:
                self._tables[name] = source
        self._keep(name, record)
        return True

    def _forget_former(self, name: str, record: Record) -> None:
        prints, source = self._prints(name), self.source_of(name)
        if source is not None and prints and prints[0][0] < record.version:
            with self._counted(name):
                self._put(name, _from(self.line(name), record), source)

    def _keep(self, name: str, record: Record | None) -> None:
        is_packed = name in self._shelf.places and self._shelf.settle(name, record)
        if record is None or is_packed:
            self._records.pop(name, None)
        else:
            self._records[name] = record

    def _prints(self, name: str) -> list[tuple[int, int]]:
        return self._shelf.prints(name) if name in self._shelf.places else _prints_of(self._lines.get(name, ()))


def _by_name(versions: Iterable[Version]) -> dict[str, list[Version]]:
    found: dict[str, list[Version]] = {}
    for version in versions:
        found.setdefault(version.name, []).append(version)
    return found


def _prints_of(line: Line) -> list[tuple[int, int]]:
    return [(each.number, each.version.fingerprint) for each in line]


def _from(line: Line, record: Record | None) -> Line:
    """Return the versions from the record's on."""
    return line if record is None else tuple([each for each in line if each.number >= record.version])


def _is_over(line: Line, record: Record) -> bool:
    return not line or (line[-1].removed and line[-1].number < record.version)
