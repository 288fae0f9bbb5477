"""What passes between the scheduler and the reader of a table. Each of the two threads takes out what the other put in.

Every queue has a limit: a reader that is ahead waits until the scheduler has taken what was read.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from threading import Event
from typing import NamedTuple, TypeVar

from beatd.processes.wakepipe import WakePipe
from beatd.rowports import Page, Told

READ_AHEAD = 4
"""How many pages wait for the scheduler at the most."""

TOLD_AHEAD = 2000
"""How many rows wait to be written back at the most."""

T = TypeVar("T")

Print = tuple[int, int]
"""Number and fingerprint of a version."""


class Reading(NamedTuple):
    """What a table told.

    ``ahead``: by how many microseconds its clock is ahead of our elapsed time. ``asked``: the names that were asked
    for; None where it is a page of all, ``begins`` and ``ends`` being the first and the last of them. ``doubted``:
    those that were read because of a doubt, and after it arose.
    """

    page: Page
    ahead: int
    asked: Sequence[str] | None = None
    doubted: Sequence[str] = ()
    begins: bool = False
    ends: bool = False


class Prints(NamedTuple):
    """Some rows for comparing, as ``Rows.prints`` gives them; ``begins`` and ``ends`` as for a reading."""

    rows: Sequence[tuple[str, int, int]]
    begins: bool
    ends: bool


class Pruning(NamedTuple):
    """Names of which the versions that are in use are asked for, so that what came before them can be deleted."""

    names: Sequence[str]


class UpToDate(NamedTuple):
    """What stands in the queue behind all that was committed until this elapsed moment."""

    asked_at: int


Read = Reading | Prints | Pruning | UpToDate


class Exchange:
    """The queues between a reader and the scheduler."""

    def __init__(self, wake: "Wake") -> None:
        self._wake = wake
        self._read: deque[Read] = deque()
        self.has_room = Event()
        self.asked: deque[str] = deque()
        self.doubted: deque[tuple[str, Print | None]] = deque()
        """Names, each with the version by which its record was moved."""
        self.touches: deque[Mapping[str, tuple[int | None, int]]] = deque()
        self.told: deque[Told] = deque()
        self.locked: deque[str] = deque()
        """Names that could not be written back to, because somebody else has locked their rows."""
        self.in_use: deque[Mapping[str, int]] = deque()
        self.all_again = False
        self.asked_at: int | None = None
        """The elapsed moment until which the scheduler wants to know all that was committed."""
        self.hurry = Event()
        """Set where a reader that waits, after a failure, is to try again now."""
        self.trouble: str | None = None
        """Why the table cannot be read or written to now."""

    @property
    def is_full(self) -> bool:
        """Whether the reader has to wait."""
        return len(self._read) >= READ_AHEAD

    @property
    def is_empty(self) -> bool:
        """Whether nothing that was read waits for the scheduler."""
        return not self._read

    def put(self, what: Read) -> None:
        """Hand over what was read, and wake the scheduler."""
        self._read.append(what)
        self.has_room.clear()
        self._wake.ring()

    def take(self) -> Read | None:
        """Return what was read next, None where nothing waits."""
        found = self._read.popleft() if self._read else None
        self.has_room.set()
        return found

    def tell(self, told: Sequence[Told]) -> None:
        """Let rows be written back, behind those that wait."""
        self.told.extend(told)

    @property
    def may_tell(self) -> int:
        """How many rows more may wait to be written back."""
        return max(0, TOLD_AHEAD - len(self.told))


def out_of(*queues: deque[T]) -> Iterator[T]:
    """Yield, and take out, what is in these queues, one after another."""
    for queue in queues:
        while queue:
            yield queue.popleft()


class Wake(WakePipe):
    """Ends the sleep of the scheduler from another thread."""

    def changed(self) -> bool:
        """Take the rings away; no file has changed."""
        self.drain()
        return False
