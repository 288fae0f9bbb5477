"""What a scheduler knows of the set: each name's versions and record, and when it needs attention."""

from collections.abc import Iterable, Iterator, Mapping

from beatd.core.entry import Version
from beatd.core.firing import in_force, next_moment
from beatd.core.identity import part_of
from beatd.core.line import Compiled, renewed
from beatd.core.record import Record
from beatd.core.settling import is_late


class Book:
    """Versions and records by name; pure bookkeeping."""

    def __init__(self) -> None:
        self._lines: dict[str, tuple[Compiled, ...]] = {}
        self._records: dict[str, Record] = {}
        self.revision = 0

    def __contains__(self, name: str) -> bool:
        return name in self._lines

    def learn(self, versions: Iterable[Version], *, whole: bool) -> list[str]:
        """Take note of versions, all that records need of their names; return these. ``whole``: there are no others.

        An older version that is not among them is forgotten, for what came between it and these is not known here:
        should the store go back to it, the entry waits until the definitions were read again.
        """
        fresh: dict[str, list[Version]] = {}
        for version in versions:
            fresh.setdefault(version.name, []).append(version)
            self.revision = max(self.revision, version.number)
        known = self._lines
        if whole:
            self._lines = {}
            self.revision = max((version.number for each in fresh.values() for version in each), default=0)
        for name, news in fresh.items():
            self._lines[name] = renewed(known.get(name, ()), news)
        return list(fresh)

    def record(self, name: str) -> Record | None:
        """Return the record as last seen."""
        return self._records.get(name)

    def line(self, name: str) -> tuple[Compiled, ...]:
        """Return the versions from the record's on."""
        return self._lines.get(name, ())

    def settle(self, name: str, record: Record | None) -> None:
        """Take note of a record; versions before its own are forgotten."""
        if record is None:
            self._records.pop(name, None)
            return
        self._records[name] = record
        line = self._lines.get(name, ())
        if line and line[0].number < record.version:
            self._lines[name] = tuple(each for each in line if each.number >= record.version)

    def settle_all(self, records: Mapping[str, Record], names: Iterable[str]) -> None:
        """Take note of the records of these names, also of those that have none."""
        for name in names:
            self.settle(name, records.get(name))

    def next_moment(self, name: str, now: int) -> int | None:
        """Return when the name next needs attention, or None."""
        found = next_moment(self.line(name), self._records.get(name), now)
        # A record of a version that is not known must not be forgotten: somebody has to look for the version.
        return now if found is None and not self.knows_version(name) else found

    def is_late(self, name: str, now: int, late_after: int) -> bool:
        """Return whether the name's oldest due fire is late."""
        record = self._records.get(name)
        # What is due comes after the cursor, so most need no look at the schedule.
        if record is None or now - record.cursor <= late_after:
            return False
        current = in_force(self.line(name), record)
        return current is not None and is_late(current.schedule, record, now, late_after)

    def knows_version(self, name: str) -> bool:
        """Return whether the version that the record was moved by is known, and reads as it did then."""
        record = self._records.get(name)
        if record is None:
            return True
        for each in self.line(name):
            if each.version.number == record.version:
                return each.version.fingerprint == record.fingerprint
        return False

    def unreadable(self, name: str) -> str | None:
        """Return why this code cannot read a version of the name, None where it can."""
        return next((each.unreadable for each in self.line(name) if each.unreadable), None)

    def names(self, parts: frozenset[int]) -> Iterator[str]:
        """Yield the names that fall into these parts."""
        return (name for name in self._lines if part_of(name) in parts)
