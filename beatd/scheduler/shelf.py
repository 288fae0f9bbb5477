"""Rows that can be used, packed: what most of a million entries are, in a third of the memory.

A version has a place in a page: its numbers, and those of the record if that is its own and says nothing out of the
ordinary, in a byte array; its arguments as JSON in another; its plan with the schedule, which many rows share. Objects
are made of that on demand.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from struct import Struct, error
from typing import NamedTuple

import msgspec

from beatd.core.compiling import shared_by
from beatd.core.entry import Call, Entry, Version
from beatd.core.line import Compiled
from beatd.core.plan import SHARED, Plan
from beatd.core.record import Record
from beatd.core.settling import owed_after
from beatd.core.taking_in import Moment, beginning
from beatd.schedules.base import Schedule
from beatd.schedules.bounds import NEVER

PAGE = 4096

_VERSION = Struct("<4qBII")
"""Number, fingerprint, moment of change, generation, origin; where the arguments begin and end."""
_RECORD = Struct("<B3qI")
"""Whether there is one; its seq, since, cursor, runs. The rest of it is the version's."""
_ROW = Struct(_VERSION.format + _RECORD.format[1:])
_SIZE = _VERSION.size + _RECORD.size
_NO_RECORD = bytes(_RECORD.size)
_ORIGINS = 256
_UNTIDY = 16_384
"""So many unused bytes are not worth a walk through a page."""


class _Ruled(NamedTuple):
    """A plan, and when every entry on it fires."""

    plan: Plan
    schedule: Schedule


_FREE = _Ruled(Plan(task="", schedule=""), NEVER)
_GONE = _Ruled(Plan(task="", schedule=""), NEVER)
"""What stands for a removal."""


class _Page:
    """Room for some rows. ``calls``: the arguments of all, and, up to about as much again, what is no longer used."""

    __slots__ = ("calls", "numbers", "ruled", "unused")

    def __init__(self) -> None:
        self.numbers = bytearray(PAGE * _SIZE)
        self.ruled = [_FREE] * PAGE
        self.calls = bytearray()
        self.unused = 0

    def version(self, place: int) -> tuple[int, int, int, int, int, int, int]:
        """Return the numbers of a row's version."""
        return _VERSION.unpack_from(self.numbers, place * _SIZE)

    def record(self, place: int) -> tuple[int, int, int, int, int]:
        """Return the numbers of a row's record."""
        return _RECORD.unpack_from(self.numbers, place * _SIZE + _VERSION.size)

    def put(self, place: int, version: tuple[int, int, int, int, int], ruled: _Ruled, call: bytes) -> None:
        """Fill a place that is empty. Raises struct.error for numbers that are too large."""
        begins = len(self.calls)
        numbers = _VERSION.pack(*version, begins, begins + len(call))
        self.numbers[place * _SIZE : (place + 1) * _SIZE] = numbers + _NO_RECORD
        self.ruled[place] = ruled
        self.calls += call

    def clear(self, place: int) -> None:
        """Empty a place."""
        begins, ends = self.version(place)[-2:]
        self.numbers[place * _SIZE : (place + 1) * _SIZE] = bytes(_SIZE)
        self.ruled[place] = _FREE
        self.unused += ends - begins
        if self.unused > _UNTIDY + len(self.calls) // 2:
            self._tidy()

    def _tidy(self) -> None:
        former, self.calls, self.unused = self.calls, bytearray(), 0
        for place in range(PAGE):
            *version, begins, ends = self.version(place)
            moved = len(self.calls)
            _VERSION.pack_into(self.numbers, place * _SIZE, *version, moved, moved + ends - begins)
            self.calls += former[begins:ends]


@lru_cache(maxsize=SHARED)
def _ruled(plan: Plan) -> _Ruled | None:
    try:
        schedule = shared_by(plan)
    except Exception:  # noqa: BLE001  whoever compiles it for the one entry says what is wrong with it
        return None
    return None if schedule is None else _Ruled(plan, schedule)


class Shelf:
    """Packed rows by name."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        """The place of each name's first version."""
        self._later: dict[str, list[int]] = {}
        """The places of further versions of a name, which few have."""
        self._used = 0
        self._pages: list[_Page] = []
        self._free: list[int] = []
        self._origins: list[tuple[int, str]] = []
        self._origin_numbers: dict[tuple[int, str], int] = {}

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def keep(self, versions: Sequence[Version], table: int) -> bool:
        """Keep the versions of a table's row, without a record; False: they do not all fit, and none is kept."""
        name = versions[0].name
        if name in self.places:
            self.drop(name)
        places: list[int] = []
        for version in versions:
            place = self._put(version, table)
            if place is None:
                self._clear(places)
                return False
            places.append(place)
        self.places[name] = places[0]
        if len(places) > 1:
            self._later[name] = places[1:]
        return True

    def drop(self, name: str) -> None:
        """Forget a row."""
        self._clear([self.places.pop(name), *self._later.pop(name, ())])

    def is_single(self, name: str) -> bool:
        """Return whether there is one version of a row."""
        return name not in self._later

    def settle(self, name: str, record: Record | None) -> bool:
        """Keep the record of a row; False: it says more than there is room for, and is not kept."""
        page, place = self._at(name)
        told = _NO_RECORD
        if record is not None:
            number, fingerprint, _, generation, *_ = page.version(place)
            is_its = (record.version, record.fingerprint, record.generation) == (number, fingerprint, generation)
            is_plain = not (record.open or record.backlog or record.pause or record.removed or record.tracking)
            told = _packed(record) if is_its and is_plain else b""
        at = place * _SIZE + _VERSION.size
        page.numbers[at : at + _RECORD.size] = told or _NO_RECORD
        return bool(told)

    def record(self, name: str) -> Record | None:
        """Return the record that is kept here, None where there is none."""
        page, place = self._at(name)
        is_there, seq, since, cursor, runs = page.record(place)
        if not is_there:
            return None
        number, fingerprint, _, generation, *_ = page.version(place)
        return Record(
            seq=seq,
            generation=generation,
            version=number,
            fingerprint=fingerprint,
            since=since,
            cursor=cursor,
            runs=runs,
        )

    def line(self, name: str) -> tuple[Compiled, ...]:
        """Return the versions, made anew."""
        first = self._version(name, self.places[name])
        later = self._later.get(name)
        return (first,) if later is None else (first, *[self._version(name, place) for place in later])

    def table(self, name: str) -> int:
        """Return the table that a row is of."""
        page, place = self._at(name)
        return self._origins[page.version(place)[4]][0]

    def newest(self, name: str) -> tuple[int, int, int]:
        """Return the table of a row, and number and fingerprint of its newest version."""
        later = self._later.get(name)
        at = self.places[name] if later is None else later[-1]
        number, fingerprint, _, _, origin, _, _ = self._pages[at // PAGE].version(at % PAGE)
        return self._origins[origin][0], number, fingerprint

    def is_live(self, name: str) -> bool:
        """Return whether a row's newest version is no removal."""
        later = self._later.get(name)
        at = self.places[name] if later is None else later[-1]
        return self._pages[at // PAGE].ruled[at % PAGE] is not _GONE

    def prints(self, name: str) -> list[tuple[int, int]]:
        """Return number and fingerprint of each version."""
        places = [self.places[name], *self._later.get(name, ())]
        return [self._pages[place // PAGE].version(place % PAGE)[:2] for place in places]

    def next_moment(self, name: str, now: int, installed: int) -> int | None:
        """Return the next fire that one version owes; the same as ``core.firing`` says of line and record, sooner."""
        return owed_after(*self._owing(name, now, installed))

    def is_late(self, name: str, moment: Moment, late_after: int) -> bool:
        """Return whether the oldest due fire of one version is late."""
        schedule, since, cursor = self._owing(name, moment.now, moment.installed)
        # What is due comes after the cursor, so most need no look at the schedule.
        if moment.now - cursor <= late_after:
            return False
        oldest = owed_after(schedule, since, cursor)
        return oldest is not None and moment.now - oldest > late_after

    def _owing(self, name: str, now: int, installed: int) -> tuple[Schedule, int, int]:
        """Return what one version owes, as ``owed_after`` asks for it."""
        page, place = self._at(name)
        _, _, changed_at, _, _, _, _, is_there, _, since, cursor, _ = _ROW.unpack_from(page.numbers, place * _SIZE)
        if not is_there:
            since = cursor = beginning(changed_at, now, installed)
        return page.ruled[place].schedule, since, cursor

    def _at(self, name: str) -> tuple[_Page, int]:
        number = self.places[name]
        return self._pages[number // PAGE], number % PAGE

    def _version(self, name: str, at: int) -> Compiled:
        page, place = self._pages[at // PAGE], at % PAGE
        number, fingerprint, changed_at, generation, origin, begins, ends = page.version(place)
        ruled = page.ruled[place]
        entry = None
        if ruled is not _GONE:
            entry = Entry.with_call(ruled.plan, name, bytes(page.calls[begins:ends]) or None)
        version = Version(
            name=name,
            number=number,
            changed_at=changed_at,
            fingerprint=fingerprint,
            source=self._origins[origin][1],
            entry=entry,
            generation=generation,
        )
        return Compiled(version, ruled.schedule)

    def _put(self, version: Version, table: int) -> int | None:
        """Return the place of a version, None where it does not fit."""
        if version.generation is None or version.error is not None or version.unreadable is not None:
            return None
        ruled = _GONE if version.entry is None else _ruled(version.entry.plan)
        if ruled is None:
            return None
        if not self._free:
            if self._used == len(self._pages) * PAGE:
                self._pages.append(_Page())
            self._free.append(self._used)
            self._used += 1
        at, origin = self._free[-1], self._origin(table, version.source)
        told = (version.number, version.fingerprint, version.changed_at, version.generation, origin)
        try:
            text = b"" if version.entry is None else _text(version.entry.call)
            self._pages[at // PAGE].put(at % PAGE, told, ruled, text)
        except (error, msgspec.MsgspecError, TypeError):
            return None
        return self._free.pop()

    def _clear(self, places: Sequence[int]) -> None:
        for at in places:
            self._pages[at // PAGE].clear(at % PAGE)
            self._free.append(at)

    def _origin(self, table: int, source: str) -> int:
        """Return the number of where a version comes from; one too high to be packed where there are too many."""
        origin = (table, source)
        number = self._origin_numbers.get(origin)
        if number is None:
            number = len(self._origins)
            if number < _ORIGINS:
                self._origins.append(origin)
                self._origin_numbers[origin] = number
        return number


def _packed(record: Record) -> bytes:
    try:
        return _RECORD.pack(1, record.seq, record.since, record.cursor, record.runs)
    except error:
        return b""


def _text(call: Call) -> bytes:
    """Return arguments as JSON, nothing where there are none."""
    if call is None or isinstance(call, bytes):
        return call or b""
    args, kwargs = call
    return msgspec.json.encode((args or [], kwargs or {}))
