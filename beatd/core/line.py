"""The versions of one name in the order in which they are taken in, each with its compiled schedule."""

from collections.abc import Iterable, Sequence

import msgspec

from beatd.core.entry import OWNERSHIP, Entry, Version
from beatd.core.fields import compile_entry
from beatd.errors import BeatdError
from beatd.schedules.base import Schedule
from beatd.schedules.bounds import NEVER


class Compiled(msgspec.Struct, frozen=True, gc=False):
    """A version ready to fire. ``unreadable``: this code cannot read it, so it leaves the entry alone."""

    version: Version
    schedule: Schedule
    unreadable: str | None = None

    @property
    def number(self) -> int:
        """The version's number."""
        return self.version.number

    @property
    def entry(self) -> Entry | None:
        """What the version defines, None for a removal or a broken definition."""
        return self.version.entry

    @property
    def of_row(self) -> bool:
        """Whether this is a version of a row, which each scheduler reads by itself."""
        return self.version.generation is not None

    @property
    def removed(self) -> bool:
        """Whether this version removes the name."""
        return self.version.removed


def compiled(version: Version) -> Compiled:
    """Compile a version; one that cannot be compiled names nothing and says why."""
    if version.entry is None:
        return Compiled(version, NEVER, unreadable=version.unreadable)
    try:
        return Compiled(version, compile_entry(version.entry))
    except (BeatdError, ValueError) as error:
        return Compiled(version, NEVER, unreadable=str(error))
    except Exception as error:  # noqa: BLE001  whatever one entry does, the others fire
        return Compiled(version, NEVER, unreadable=f"{type(error).__name__}: {error}")


def owns_otherwise(former: Compiled, latter: Compiled) -> bool:
    """Return whether the fire times that the two own differ, so that one must be settled before the other begins."""
    if former.version.generation != latter.version.generation:
        return True
    if former.entry is None or latter.entry is None:
        return former.entry is not latter.entry or former.removed is not latter.removed
    return any(getattr(former.entry, field) != getattr(latter.entry, field) for field in OWNERSHIP)


def renewed(line: Sequence[Compiled], versions: Iterable[Version]) -> tuple[Compiled, ...]:
    """Return these versions in order; what is compiled already in the former line stays, unless it reads otherwise."""
    known, by_number = {each.number: each for each in line}, {}
    for version in versions:
        there = known.get(version.number)
        same = there is not None and there.version.fingerprint == version.fingerprint
        by_number[version.number] = there if there is not None and same else compiled(version)
    return tuple(by_number[number] for number in sorted(by_number))
