"""What reading another scheduler's definitions gives: entries, what is lost of each, and what is left out whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from beatd.core.entry import Entry
from beatd.core.field_values import FieldError
from beatd.core.fields import check_name, decode_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One entry: its ``fields`` with the keys of a TOML file, and what of the original could not be carried over.

    ``place``: where the original stands, for people.
    """

    name: str
    place: str
    fields: Mapping[str, Any]
    notes: Sequence[str] = ()

    def entry(self) -> Entry:
        """Return the entry that the fields describe. Raises FieldError."""
        return decode_entry(self.name, self.fields, {}, timezone="UTC", queue="celery")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something that is no entry here. ``wrong``: not because of what it says, but because it cannot be read."""

    place: str
    what: str
    reason: str
    wrong: bool = False


@dataclass(slots=True, kw_only=True)
class Found:
    """All that a source holds; ``notes`` are of the source as a whole, ``calendars`` those that entries may name."""

    entries: list[Imported] = field(default_factory=list)
    calendars: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def prefixed(self, prefix: str) -> "Found":
        """Return all of it with names that begin so; what has too long a name then is left out."""
        found = Found(calendars=self.calendars, left_out=list(self.left_out), notes=list(self.notes))
        for entry in self.entries:
            name = prefix + entry.name
            try:
                check_name(name)
            except FieldError as error:
                found.left_out.append(LeftOut(place=entry.place, what=entry.name, reason=error.reason, wrong=True))
            else:
                found.entries.append(replace(entry, name=name))
        return found

    def add(self, entry: Imported) -> None:
        """Take an entry in, or leave it out with the reason why beatd has no such entry."""
        try:
            entry.entry()
        except FieldError as error:
            self.left_out.append(LeftOut(place=entry.place, what=entry.name, reason=str(error), wrong=True))
        else:
            self.entries.append(entry)
