"""What the scheduler asks of a table of entries that anybody may edit where it is.

A version of a row is numbered by its ``changed_at``, in microseconds, and carries its row's ``generation``. Moments are
the table's own server's. Every method may raise ``BrokerUnavailableError`` or ``StoreError``.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import msgspec

from beatd.core.entry import Version

Used = Mapping[str, Collection[tuple[int, int]]]
NOTHING: Used = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a table tells of some names: of each every version from the oldest that is kept, by (name, number).

    A name that is gone ends with its removal; of one that was asked for and is not told of at all there is nothing.
    ``last``: the name behind which the next page begins, None where there is none. ``unusable``: names of rows that
    no entry can have, with why. ``untold``: names whose ``next_fire_at`` and ``error`` nobody has written yet.
    ``overtaken``: names whose newest version could be seen once, but is not what the table has now; with whether they
    have a row.
    """

    versions: Sequence[Version]
    last: str | None = None
    unusable: Mapping[str, str] = field(default_factory=dict)
    untold: Sequence[str] = ()
    overtaken: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Which names may read otherwise than at ``mark``; ``names`` None: all must be compared. ``now``: the clock there.

    ``mark``: for the next call. A name is in it once its transaction was committed, however late that is.
    """

    mark: object
    names: Sequence[str] | None
    now: int


class Rows(Protocol):
    """A table of entries, as a reader needs it."""

    name: str
    """The URL without its password, as the versions' ``source`` has it."""

    def mark(self) -> object:
        """Return a mark of what is committed now; taken before the first page, so that nothing is missed."""

    def changed(self, mark: object) -> Changed:
        """Return what was committed since a mark, whatever client did it; cheap where that is nothing."""

    def page(self, after: str, limit: int) -> Page:
        """Return what the table tells of the next ``limit`` names, about, behind ``after`` in the order of code points.

        Rows and their former versions are read at one moment; pages at one each.
        """

    def of(self, names: Sequence[str], used: Used = NOTHING) -> Page:
        """Return what the table tells of these names, at one moment.

        ``used``: by name, (number, fingerprint) of versions that were taken in. One that could be seen before a
        transaction ended, which had taken a lower number, is told of in place of what has its number now.
        """

    def prints(self, after: str, limit: int) -> tuple[list[tuple[str, int, int]], str | None]:
        """Return (name, number, fingerprint) of the next rows, and ``last`` as a page has it; for comparing cheaply."""

    def wait(self, seconds: float) -> bool:
        """Return True soon after something may have been committed, False after so many seconds. Never raises."""


class Told(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a scheduler writes into the columns that are for people; moments in microseconds.

    ``number``: of the version that this is said of: a row that was changed meanwhile is left alone.
    """

    name: str
    number: int
    next_fire: int | None
    last_fire: int | None
    runs: int
    error: str | None


class Upkeep(Protocol):
    """What a scheduler does to a table of entries."""

    def check(self) -> list[str]:
        """Return what is wrong with the table, in words, such as triggers that are missing.

        Raises DefinitionError where it cannot be used: no such table, no right to read or to write back, a replica.
        """

    def touch(self, names: Mapping[str, tuple[int | None, int]]) -> None:
        """Make a new version of each row as it is, above a number: name → (the number read, the number to exceed).

        Only where the row still has the number read. None: there was no row; if there still is none, a removal above
        that number is noted in the log of changes.
        """

    def tell(self, told: Sequence[Told]) -> Sequence[str]:
        """Write columns for the eye, but not to rows that were changed meanwhile; no change is logged.

        Rows that somebody else has locked are not waited for: returns their names.
        """

    def prune(self, *, before: int, limit: int, taken_in: Callable[[str], int | None]) -> int:
        """Delete at most ``limit`` former versions that ended before a moment; return how many.

        ``taken_in``: name → the number of the version by which its record was last moved, None where that is not known
        here. What is above it stays, and the removal of a name stays as long as anything else of that name.
        """


class Known(NamedTuple):
    """The id of the state that is known in a place apart from it, None where none is.

    ``lacks``: what keeps one from being kept there, in words.
    """

    id: str | None
    lacks: str | None = None


def tables_in(status: Mapping[str, object]) -> list[Mapping[str, Any]]:
    """Return what a scheduler says of the tables that it reads, in the status that it keeps with its lease."""
    told = status.get("tables")
    return [each for each in told if isinstance(each, Mapping)] if isinstance(told, list) else []
