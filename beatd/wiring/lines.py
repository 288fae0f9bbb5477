"""The versions of a name, from whichever source has it: the set that the state store holds, or a table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from difflib import get_close_matches
from itertools import groupby
from operator import attrgetter

from beatd.config.settings import Settings
from beatd.config.urls import named_tables
from beatd.core.entry import ROW, SECOND, Tenure, Version
from beatd.core.line import renewed
from beatd.core.record import Reason, Record
from beatd.core.urls import masked
from beatd.errors import StoreError, UnknownEntryError
from beatd.ports import Run
from beatd.rowports import Page, Used
from beatd.scheduler.claims import SET, Line, ruling
from beatd.wiring.drivers import State, sees_finish
from beatd.wiring.tables import Table, open_tables, table_urls

PAGE = 1000
"""How many names are looked up at a time."""

NEAR = 300
"""How many names are looked at, at the most, to find the one that may have been meant."""


class Lines:
    """Versions by name. Each table is asked only for names that the set does not have for sure."""

    def __init__(self, state: State, tables: Sequence[Table]) -> None:
        self._state = state
        self._tables = tables
        self._ahead: dict[str, int] = {}

    def of(self, names: Sequence[str], records: Mapping[str, Record]) -> dict[str, Line]:
        """Return the versions of those of these names that a source has, in the order in which they are taken in."""
        found: dict[str, Line] = {}
        of_set = _by_name(self._state.definitions.load(names=names))
        rest = [name for name in names if not _is_of_set(of_set.get(name, ()), records.get(name))]
        used = {name: [(record.version, record.fingerprint)] for name, record in records.items()}
        tables = [self._told_by(table, rest, used) for table in self._tables] if rest else []
        for name in names:
            # As every scheduler judges which source the name belongs to.
            sources = enumerate([of_set, *tables], SET)
            claims = {number: renewed((), has[name]) for number, has in sources if name in has}
            if claims:
                found[name], _ = ruling(claims, records.get(name))
        return found

    def one(self, name: str, record: Record | None) -> Line:
        """Return the versions of one name. Raises UnknownEntryError, with the nearest name, where no source has it."""
        line = self.of([name], {} if record is None else {name: record}).get(name, ())
        if not line or line[-1].removed:
            self._refuse_unusable(name)
            raise UnknownEntryError(name, self._unknown(name))
        return line

    def tenures(self, names: Sequence[str]) -> dict[str, list[Tenure]]:
        """Return the versions of these names that were taken in, with what they define as far as that is known."""
        found = {name: self._state.past.tenures(name) for name in names}
        rows = [name for name, tenures in found.items() if any(each.version.source == ROW for each in tenures)]
        if rows:
            used = {name: [(each.version.number, each.version.fingerprint) for each in found[name]] for name in rows}
            known = {
                (version.name, version.number, version.fingerprint): version
                for table in self._tables
                for versions in self._told_by(table, rows, used).values()
                for version in versions
            }
            for name in rows:
                found[name] = [_completed(each, known) for each in found[name]]
        return found

    def names_on_record(self) -> Iterator[list[str]]:
        """Yield pages of the names that have a record."""
        after, full = "", True
        while full:
            names = self._state.past.names(after, PAGE)
            yield names
            full = len(names) == PAGE
            after = names[-1] if names else after

    def all_names(self) -> Iterator[list[str]]:
        """Yield pages of all names: those that have a record, then those that a source has and that have none."""
        yield from self.names_on_record()
        names = sorted({version.name for version in self._state.definitions.load()})
        yield from (self._without_record(names[at : at + PAGE]) for at in range(0, len(names), PAGE))
        for table in self._tables:
            place: str | None = ""
            while place is not None:
                page = table.rows.page(place, PAGE)
                yield self._without_record(sorted({version.name for version in page.versions}))
                place = page.last

    def explained(self, runs: Sequence[Run]) -> list[Run]:
        """Return the runs; those that were quarantined because of their row say what is wrong with it."""
        names = sorted({run.entry for run in runs if _is_unexplained(run)})
        tenures: dict[str, list[Tenure]] = {}
        for at in range(0, len(names), PAGE):
            tenures |= self.tenures(names[at : at + PAGE])
        return [replace(run, reason=_error_at(tenures, run)) if _is_unexplained(run) else run for run in runs]

    def close(self) -> None:
        """Close the tables' connections."""
        for table in self._tables:
            table.close()

    def _without_record(self, names: Sequence[str]) -> list[str]:
        records = self._state.records.load(names)
        return [name for name in names if name not in records]

    def _told_by(self, table: Table, names: Sequence[str], used: Used) -> dict[str, tuple[Version, ...]]:
        versions: list[Version] = []
        for at in range(0, len(names), PAGE):
            part = names[at : at + PAGE]
            versions += table.rows.of(part, {name: used[name] for name in part if name in used}).versions
        ahead = self._ahead_of(table) if versions else 0
        return _by_name([replace(each, changed_at=each.changed_at - ahead) for each in versions] if ahead else versions)

    def _ahead_of(self, table: Table) -> int:
        """Return by how much the table's clock is ahead of the state's; what is below a second is left alone."""
        if table.with_state:
            return 0
        name = table.rows.name
        if name not in self._ahead:
            ahead = table.rows.changed(table.rows.mark()).now - self._state.clock.now()
            self._ahead[name] = ahead if abs(ahead) > SECOND else 0
        return self._ahead[name]

    def _refuse_unusable(self, name: str) -> None:
        for table in self._tables:
            why = table.rows.of([name]).unusable.get(name)
            if why is not None:
                raise StoreError(f"{table.rows.name}: {why}")

    def _unknown(self, name: str) -> str:
        near = get_close_matches(name, self._like(name), 1)
        named = [table.rows.name for table in self._tables if not table.with_state]
        places = " or ".join([" in the store's set", *named]) if named else ""
        hint = f"did you mean {near[0]!r}?" if near else "see `beatd list`"
        return f"no entry named {name!r}{places}; {hint}"

    def _like(self, name: str) -> set[str]:
        """Return names among which a mistyped one may be: of a table those beside it, for it may have a million."""
        found = {version.name for version in self._state.definitions.load() if not version.removed}
        beginnings = [name[:length] for length in range(max(1, len(name) - 3), len(name))]
        for table in self._tables:
            found |= _there(table.rows.of(beginnings)) if beginnings else set()
            for place in {name[: len(name) * part // 4] for part in range(4)}:
                rows, _ = table.rows.prints(place, NEAR)
                found |= {row[0] for row in rows}
        return found


@contextmanager
def open_lines(settings: Settings, state: State) -> Iterator[Lines]:
    """Open the tables that the settings name, beside a state that is open."""
    tables = open_tables(table_urls(settings), settings, sees_finish=sees_finish(settings, state))
    lines = Lines(state, tables)
    try:
        yield lines
    finally:
        lines.close()


def line_of_tables(settings: Settings, state: State, name: str) -> Line:
    """Return the versions of a row of a database that is named as a source, whatever a state would say of it.

    Raises UnknownEntryError where none has it.
    """
    urls = named_tables(settings.schedule)
    with ExitStack() as stack:
        tables = open_tables(urls, settings, sees_finish=sees_finish(settings, state))
        for table in tables:
            stack.callback(table.close)
        for table in tables:
            page = table.rows.of([name])
            if name in page.unusable:
                raise StoreError(f"{table.rows.name}: {page.unusable[name]}")
            if name in _there(page):
                return renewed((), page.versions)
    raise UnknownEntryError(name, f"no entry named {name!r} in {' or '.join(map(masked, urls))}; see `beatd list`")


def _by_name(versions: Iterable[Version]) -> dict[str, tuple[Version, ...]]:
    return {name: tuple(group) for name, group in groupby(versions, key=attrgetter("name"))}


def _is_of_set(versions: Sequence[Version], record: Record | None) -> bool:
    """Return whether a name belongs to the set whatever the tables say."""
    if record is None or not versions or versions[-1].removed:
        return False
    return any(each.number == record.version for each in versions)


def _there(page: Page) -> set[str]:
    return {name for name, versions in _by_name(page.versions).items() if not versions[-1].removed}


def _completed(tenure: Tenure, known: Mapping[tuple[str, int, int], Version]) -> Tenure:
    version = tenure.version
    if version.source != ROW:
        return tenure
    return replace(tenure, version=known.get((version.name, version.number, version.fingerprint), version))


def _is_unexplained(run: Run) -> bool:
    return run.state == Reason.QUARANTINED and run.reason is None


def _error_at(tenures: Mapping[str, Sequence[Tenure]], run: Run) -> str | None:
    ruling = [each for each in tenures.get(run.entry, ()) if each.since < run.fire_time]
    return ruling[-1].version.error if ruling else None
