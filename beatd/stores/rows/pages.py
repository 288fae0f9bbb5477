"""Pages of rows as versions."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection

from beatd.core.entry import Entry, Version
from beatd.core.rows import (
    COLUMNS,
    Documents,
    Past,
    Raw,
    RowDecoder,
    State,
    calendars_named,
    line_of,
    seen_once,
    states_of,
)
from beatd.rowports import Page, Used
from beatd.sqlkit.database import Database
from beatd.sqlkit.rows import is_text, read_whatever_is_there
from beatd.sqlkit.statement import parts
from beatd.stores.rows import reading
from beatd.stores.rows.reading import AT_ONCE, FIRST, Logs

_LINES = 4
"""How many lines of the log are read for each row of a page; where there are more, the page is shorter."""

_EXCLUDE = FIRST + COLUMNS.index("exclude")


class _Read(NamedTuple):
    """What was read at one moment: rows, and the versions of names of which there is more to tell than their row."""

    rows: Sequence[Any]
    lines: Mapping[str, Sequence[State]]
    last: str | None
    overtaken: Mapping[str, bool] = {}


class _Told(NamedTuple):
    """What is known of names of which there is more to tell than their row: it, and the calendars that it names."""

    states: Mapping[str, Sequence[State]]
    pasts: Mapping[str, Past]

    def lines(self) -> dict[str, list[State]]:
        """Return the versions of each name."""
        return {name: list(line_of(states, calendars_named, self.pasts)) for name, states in self.states.items()}

    def seen_once(self, name: str, number: int) -> Iterator[State]:
        """Yield what may have had a number once."""
        return seen_once(self.states[name], calendars_named, self.pasts, number)


class Pages:
    """Reads rows and their former versions; ``source`` is what the versions say that they are from."""

    def __init__(self, db: Database, namespace: str, decoder: RowDecoder, source: str) -> None:
        self._db = db
        self._namespace = namespace
        self._decoder = decoder
        self._source = source

    def after(self, after: str, limit: int) -> Page:
        """Return the page behind a name."""
        return self._page(read_whatever_is_there(self._db, lambda connection: self._read(connection, after, limit)))

    def of(self, names: Sequence[str], used: Used) -> Page:
        """Return the page of these names."""
        wanted = sorted({name for name in names if is_text(name)})
        return self._page(read_whatever_is_there(self._db, lambda connection: self._read_of(connection, wanted, used)))

    def prints(self, after: str, limit: int) -> tuple[list[tuple[str, int, int]], str | None]:
        """Return (name, number, fingerprint) of the next rows, and the last name where there are more."""
        read = read_whatever_is_there(self._db, lambda connection: self._read(connection, after, limit, log=False))
        found = []
        for row in read.rows:
            newest = read.lines[row[0]][-1] if row[0] in read.lines else None
            number, documents = (row[1], ()) if newest is None else (newest.number, newest.documents)
            found.append((row[0], number, self._decoder.fingerprint(row[FIRST:], documents)))
        return found, read.last

    def _read(self, connection: Connection, after: str, limit: int, *, log: bool = True) -> _Read:
        rows = reading.rows_after(connection, self._namespace, after, limit)
        last = rows[-1][0] if len(rows) == limit else None
        logs: Logs = {}
        if log:
            logs, told_to = reading.log_between(connection, self._namespace, after, last, limit * _LINES)
            if told_to is not None:
                last, rows = told_to, [row for row in rows if row[0] <= told_to]
        return _Read(rows, self._told(connection, rows, logs).lines(), last)

    def _read_of(self, connection: Connection, names: Sequence[str], used: Used) -> _Read:
        rows: list[Any] = []
        logs: dict[str, Any] = {}
        for part in parts(names, AT_ONCE):
            rows += reading.rows_of(connection, self._namespace, part)
            logs.update(reading.log_of(connection, self._namespace, part))
        told = self._told(connection, rows, logs)
        lines, there = told.lines(), {row[0] for row in rows}
        overtaken: dict[str, bool] = {}
        for name in used.keys() & lines.keys():
            if seen := self._seen(name, told, lines[name], used[name]):
                others = [state for state in lines[name] if state.number not in seen]
                lines[name] = sorted([*others, *seen.values()], key=attrgetter("number"))
                if lines[name][-1].number in seen:
                    overtaken[name] = name in there
        return _Read(rows, lines, None, overtaken)

    def _seen(
        self, name: str, told: _Told, line: Sequence[State], used: Collection[tuple[int, int]]
    ) -> dict[int, State]:
        """Return those of the versions that were used that the line lacks, and that could be seen once; by number."""
        prints = {(state.number, self._fingerprint(state)) for state in line}
        found: dict[int, State] = {}
        for number, fingerprint in used:
            if (number, fingerprint) not in prints:
                states = told.seen_once(name, number)
                found.update((number, state) for state in states if self._fingerprint(state) == fingerprint)
        return found

    def _fingerprint(self, state: State) -> int:
        return 0 if state.raw is None else self._decoder.fingerprint(state.raw, state.documents)

    def _told(self, connection: Connection, rows: Sequence[Any], logs: Logs) -> _Told:
        """Return what is known of names that the log tells of, and of those that name calendars."""
        states: dict[str, list[State]] = {}
        gone = set(logs)
        for row in rows:
            name = row[0]
            if name in logs:
                gone.discard(name)
                states[name] = states_of(logs[name], _state(row))
            elif row[_EXCLUDE] is not None:
                states[name] = [_state(row)]
        states.update((name, states_of(logs[name], None)) for name in gone)
        raws = (state.raw for line in states.values() for state in line if state.raw is not None)
        calendars = {each for raw in raws for each in calendars_named(raw)}
        return _Told(states, reading.pasts_of(connection, self._namespace, calendars))

    def _page(self, read: _Read) -> Page:
        unusable = {row[0]: why for row in read.rows if (why := self._decoder.unusable(row[0])) is not None}
        left = read.lines.keys() | unusable.keys()
        # Most rows are all there is to tell of their names.
        alone = (row for row in read.rows if row[0] not in left)
        versions = [self._version(row[0], row[1], row[2] or 0, row[FIRST:]) for row in alone]
        for name, line in read.lines.items():
            if self._decoder.unusable(name) is None:
                versions += [self._version(name, *state) for state in line]
        if read.lines:
            versions.sort(key=attrgetter("name", "number"))
        untold = [row[0] for row in read.rows if row[3] and row[0] not in unusable]
        return Page(versions=versions, last=read.last, unusable=unusable, untold=untold, overtaken=read.overtaken)

    def _version(
        self, name: str, number: int, generation: int | None, raw: Raw | None, documents: Documents = ()
    ) -> Version:
        entry: Entry | str | None = None
        fingerprint = 0
        if raw is not None:
            fingerprint, entry = self._decoder.read(name, raw, documents)
        is_good = isinstance(entry, Entry)
        return Version(
            name=name,
            number=number,
            changed_at=number,
            fingerprint=fingerprint,
            source=self._source,
            entry=entry if is_good else None,  # type: ignore[arg-type]  # as is_good tells
            error=None if is_good else entry,  # type: ignore[arg-type]  # as above
            generation=generation,
        )


def _state(row: Any) -> State:
    return State(row[1], row[2] or 0, row[FIRST:])
